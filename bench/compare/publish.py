"""Writes a table, and the curves, into docs/performance.md between its marks."""

import shutil

from places import ROOT, WORK

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
    for name in ("data", "workers", "connections", "reviews", "page"):
        drawn = WORK / "results" / f"growth-{name}.svg"
        if drawn.exists():
            folder.mkdir(exist_ok=True)
            shutil.copy(drawn, folder / drawn.name)
            lines.append(f"![{name}](performance/{drawn.name})")
    return "\n" + "\n".join(lines) + "\n"
