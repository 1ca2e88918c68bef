"""Relative links lead to files that are there, anchors to headings."""

import posixpath

import markdown


def faults(some, every, root):
    known = {page.name: markdown.anchors(page) for page in every}
    for page in some:
        for line, target in markdown.links(page):
            if target.startswith(("http://", "https://", "mailto:")):
                continue
            path, _, anchor = target.partition("#")
            name = posixpath.normpath(posixpath.join(posixpath.dirname(page.name), path)) if path else page.name
            if not (root / name).exists():
                yield f"{page.name}:{line}: there is no {name}"
            elif anchor and name not in known:
                yield f"{page.name}:{line}: {name} has no anchors that we know"
            elif anchor and anchor not in known[name]:
                yield f"{page.name}:{line}: {name} has no heading '#{anchor}'"
