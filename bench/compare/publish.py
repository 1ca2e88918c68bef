"""Writes a table, and the curves, into docs/performance.md between its marks."""

import shutil

import growth
from places import ROOT

PAGE = ROOT / "docs" / "performance.md"


def put(page, mark, text):
    begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    before, rest = page.split(begin)
    return before + begin + "\n" + text.rstrip() + "\n" + end + rest.split(end)[1]


def publish(table, command):
    page = PAGE.read_text()
    facts = table.facts()
    about = f"`{command}`, commit {facts['commit']}, {facts['date']}, on {facts['machine']}.\n\n"
    mark = "growth" if all(f.key.startswith("growth") for f in table.figures) else "targets"
    page = put(page, mark, about + table.markdown() + (plots() if mark == "growth" else ""))
    PAGE.write_text(page)
    print(f"published in {PAGE.relative_to(ROOT)}")


def plots():
    """The curves beside the page; returns the lines that show them."""
    folder = ROOT / "docs" / "performance"
    lines = []
    for file in growth.drawn:
        folder.mkdir(exist_ok=True)
        shutil.copy(file, folder / file.name)
        lines.append(f"![{file.stem}](performance/{file.name})")
    return "\n" + "\n".join(lines) + "\n"
