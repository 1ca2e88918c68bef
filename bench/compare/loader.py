"""etl load against psql's \\copy with indexes afterwards, and against pgloader; etl check on one core."""

import collections
import json
import os
import subprocess
import threading
import time
import urllib.request

import peers
from data import FILES, copy_statements, csv_bytes, csv_folder, csv_rows, report_rows, run
from places import ATELIER, PEERS, Trouble, WORK, say
from postgres import Postgres
from processes import Process
from rounds import alternate, record_errors


class Timed:
    def __init__(self, words, core=None, environment=None, seconds_max=3600):
        """Runs a program to its end, or kills it. Knows its seconds and its highest resident memory."""
        log = WORK / "logs" / "loader.log"
        began = time.monotonic()
        p = Process("loader", words, core=core, environment=environment)
        limit = threading.Timer(seconds_max, p.process.kill)
        limit.start()
        _, status, usage = os.wait4(p.pid, 0)
        limit.cancel()
        self.seconds = time.monotonic() - began
        p.process.returncode = os.waitstatus_to_exitcode(status)
        p.stop()
        self.peak_mib = usage.ru_maxrss / 1024
        if p.process.returncode != 0:
            raise Trouble(f"'{' '.join(map(str, words))}' ended with code {p.process.returncode}: {log.read_text(errors='replace')[-1500:]}")


def await_answer(port, seconds=60):
    """The first answer that has data in it: the database serves."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for product in range(1, 20):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/reviews/?product_id={product}", timeout=30) as answer:
                if json.load(answer)["results"]:
                    return
        time.sleep(0.01)
    raise Trouble("the worker serves nothing of what was loaded")


# Where the worker's tables keep the rows of each file: photos and characteristics stand in the rows that they belong to.
OUR_ROWS = {
    "reviews": "count(*) from atelier.reviews",
    "reviews_photos": "coalesce(sum(cardinality(photo_ids)), 0) from atelier.reviews",
    "characteristics": "coalesce(sum(cardinality(characteristic_ids)), 0) from atelier.product_meta",
    "characteristic_reviews": "count(*) from atelier.characteristic_reviews",
    "questions": "count(*) from atelier.questions",
    "answers": "count(*) from atelier.answers",
    "answers_photos": "coalesce(sum(cardinality(photo_ids)), 0) from atelier.answers",
}
PEER_ROWS = {name: f"count(*) from {name}" for name in FILES}

Loaded = collections.namedtuple("Loaded", "seconds peak_mib wrong")


def table_rows(server, database, where):
    """{file: rows of it that the database has}."""
    return {name: int(server.sql(database, f"select {counted};")) for name, counted in where.items()}


def miscounted(files, tables, became=None):
    """{file: rows that are missing or too many}. `files` and `tables`: rows that the files and the database have. `became`: the report of a load that may
    leave out some; it must account for every row, and the tables have what it says was loaded. Without it they must have them all."""
    wrong = {}
    for name, rows in files.items():
        if became is None:
            off = abs(rows - tables[name])
        else:
            kept, left_out = (sum(became.get(name, {}).get(word, 0) for word in words) for words in (("loaded", "repaired"), ("rejected", "duplicates")))
            off = abs(rows - kept - left_out) + abs(kept - tables[name])
        if off:
            wrong[name] = off
    return wrong


def put_wrong(figure, loaded, ours=True):
    """Each row that is not where it should be is an error."""
    record_errors(figure, ours, sum(loaded.wrong.values()), ", ".join(f"{rows:,} rows of {name} are missing or too many" for name, rows in loaded.wrong.items()))


def load_ours(server, folder, damaged=False):
    """Files to a first right answer, by a worker that was there before."""
    report = WORK / "load.json"
    server.make_database("atelier")
    run([ATELIER, "schema", "apply", "--db", server.conninfo("atelier")])
    server.calm()
    worker = peers.worker(server)
    try:
        began = time.monotonic()
        done = Timed([ATELIER, "etl", "load", folder, "--db", server.conninfo("atelier"), "--rejects", WORK / "rejects", "--max-rejects", "20%", "--report", report])
        await_answer(worker.port)
        seconds = time.monotonic() - began
        return Loaded(seconds, done.peak_mib, miscounted(csv_rows(folder), table_rows(server, "atelier", OUR_ROWS), report_rows(report) if damaged else None))
    finally:
        worker.stop()


def load_psql(server, folder):
    server.make_database("plain")
    server.sql("plain", (PEERS / "tables.sql").read_text())
    server.calm()
    began = time.monotonic()
    server.sql("plain", copy_statements(folder) + (PEERS / "indexes.sql").read_text() + "select count(*) from reviews where product_id = 1;")
    seconds = time.monotonic() - began
    return Loaded(seconds, None, miscounted(csv_rows(folder), table_rows(server, "plain", PEER_ROWS)))


COLUMNS = {
    "reviews": "id, product_id, rating, date, summary, body, recommend, reported, reviewer_name, reviewer_email, response [null if 'null'], helpfulness",
    "reviews_photos": "id, review_id, url",
    "characteristics": "id, product_id, name [null if 'null']",
    "characteristic_reviews": "id, characteristic_id, review_id, value",
    "questions": "id, product_id, body, date_written, asker_name, asker_email, reported, helpful",
    "answers": "id, question_id, body, date_written, answerer_name, answerer_email, reported, helpful",
    "answers_photos": "id, answer_id, url",
}


def load_pgloader(server, folder):
    peers.need("pgloader", "pgloader")
    server.make_database("pgloader")
    server.sql("pgloader", (PEERS / "tables.sql").read_text())
    server.calm()
    script = WORK / "pgloader.load"
    script.write_text("".join(f"""LOAD CSV FROM '{folder / (name + ".csv")}' ({COLUMNS[name]})
  INTO postgresql://postgres@unix:{server.socket}:5432/pgloader
  TARGET TABLE {name}
  WITH skip header = 1, fields optionally enclosed by '"', fields escaped by double-quote, fields terminated by ',';
""" for name in FILES))
    began = time.monotonic()
    Timed(["pgloader", "--root-dir", WORK / "pgloader", script], environment={"HOME": str(WORK)})
    server.sql("pgloader", (PEERS / "indexes.sql").read_text())
    seconds = time.monotonic() - began
    return Loaded(seconds, None, miscounted(csv_rows(folder), table_rows(server, "pgloader", PEER_ROWS)))


def load_time(table, plan, server, products):
    tenth_folder, clean_folder, damaged_folder = csv_folder(max(1, products // 10)), csv_folder(products), csv_folder(products, 2)
    rows, tenth_rows = (sum(csv_rows(folder).values()) for folder in (clean_folder, tenth_folder))
    clean = table.add("load", f"files to a serving database, {rows:,} rows", "s", "≤", 0.5, peer="psql \\copy")
    damaged = table.add("load-damaged", "the same, 2 % of the rows damaged", "s", "≤", 0.55, peer="psql \\copy, clean")
    memory = table.add("load-memory", "peak memory of the loader", "MiB", "≤", 400, kind="value")
    growth = table.add("load-growth", f"rows a second, {products:,} products against a tenth of it", "/s", "≥", 0.85, peer="a tenth")

    def ours(figure, folder):
        loaded = load_ours(server, folder, damaged=figure is damaged)
        figure.ours.append(loaded.seconds)
        memory.ours.append(loaded.peak_mib)
        put_wrong(figure, loaded)
        if figure is clean:
            growth.ours.append(rows / loaded.seconds)

    def tenth():
        loaded = load_ours(server, tenth_folder)
        growth.theirs.append(tenth_rows / loaded.seconds)
        put_wrong(growth, loaded)

    def psql():
        loaded = load_psql(server, clean_folder)
        for figure in (clean, damaged):
            figure.theirs.append(loaded.seconds)
            put_wrong(figure, loaded, ours=False)

    alternate(plan, "load", [lambda: ours(clean, clean_folder), psql, lambda: ours(damaged, damaged_folder), tenth])


def against_pgloader(table, plan, server, products):
    folder = csv_folder(max(1, products // 10))
    rows = sum(csv_rows(folder).values())
    figure = table.add("pgloader", f"files to a serving database, {rows:,} rows", "s", "≤", 0.06, peer="pgloader")

    def measure(ours_now, side):
        loaded = side(server, folder)
        (figure.ours if ours_now else figure.theirs).append(loaded.seconds)
        put_wrong(figure, loaded, ours_now)

    alternate(plan, "pgloader", [lambda: measure(True, load_ours), lambda: measure(False, load_pgloader)])


def check_speed(table, plan, server, products):
    for key, name, damage, bound, more in (
        ("check", "etl check, clean, one core", 0, 500, []),
        ("check-damaged", "etl check, 2 % damaged, one core", 2, 300, []),
        ("check-report", "etl check, clean, with --report and so SHA-256", 0, None, ["--report", WORK / "check.json"]),
    ):
        folder = csv_folder(products, damage)
        figure = table.add(key, name, "MB/s", "≥" if bound else None, bound, kind="value")
        size = csv_bytes(folder)
        words = [ATELIER, "etl", "check", folder, *more]
        if peers.has_option("etl check", "--jobs"):
            words += ["--jobs", "1"]
        subprocess.run(["cat", *[folder / f"{f}.csv" for f in FILES]], stdout=subprocess.DEVNULL, check=True)  # from memory, not from the disk
        for i in range(plan.rounds):
            plan.check()
            say(f"  {name}: round {i + 1} of {plan.rounds}")
            figure.ours.append(size / Timed(words, core=0).seconds / 1e6)


PARTS = {"load": load_time, "pgloader": against_pgloader, "check": check_speed}


def compare(table, plan, products, parts):
    server = Postgres(WORK / "loading").start()
    try:
        for name in parts or PARTS:
            say(f"== loader: {name}")
            PARTS[name](table, plan, server, products)
    finally:
        for database in ("atelier", "plain", "pgloader"):  # gigabytes that nobody needs
            server.sql("postgres", f"drop database if exists {database} with (force);")
        server.stop()
