PARTS = {}


def compare(table, plan, products, parts):
    pass
