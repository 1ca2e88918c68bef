"""What of a Markdown page matters here: its fenced blocks with the marks before them, its headings, links and code.

Marks are HTML comments on a line of their own, before the block that they speak of (a reader of the page does not see them):

    <!-- not run: why -->          this block is for the reader alone; the test lists it with its reason
    <!-- ends with: 22 -->         the last command ends with this code; the others must succeed
    <!-- stays, ready at: WORDS -->  it runs in a terminal of its own, and the page goes on when it has printed WORDS
    <!-- ctrl-c -->                stands alone: Ctrl-C in that terminal; it must end with 0
    <!-- on: w1 w2 -->             it is typed on each of these machines
    <!-- machines: db=10.0.0.10 w1=10.0.0.11 -->   stands alone, at the top: the page is about several machines
    <!-- given: PostgreSQL -->     stands alone, at the top: a server at /run/postgresql with an empty database shop
    <!-- given: a server -->       stands alone: a machine `server` with our package, a PostgreSQL with our schema, and data to load
"""

import dataclasses
import re

FENCE = re.compile(r"^( *)(```+)\s*(\w*)\s*$")
MARK = re.compile(r"^\s*<!--\s*([a-z][a-z ,-]*?)\s*(?::\s*(.*?))?\s*-->\s*$")
BEFORE_A_BLOCK = {"not run", "ends with", "stays, ready at", "on"}
ALONE = {"ctrl-c", "machines", "given"}
COMPARED = {"text", "json"}


@dataclasses.dataclass
class Block:
    line: int
    language: str
    text: str
    marks: dict
    expected: "Block | None" = None  # what the page says that it prints


@dataclasses.dataclass
class Page:
    name: str
    text: str
    blocks: list   # every fenced block
    steps: list    # what is played, in order: Blocks in sh, and marks that stand alone as (mark, value, line)
    prose: str     # the text without fenced blocks, lines kept


class Unreadable(Exception):
    pass


def read(name, text):
    page = Page(name, text, [], [], "")
    lines, prose, marks, previous = text.split("\n"), [], {}, None
    i = 0
    while i < len(lines):
        fence = FENCE.match(lines[i])
        if fence:
            end = next((j for j in range(i + 1, len(lines)) if lines[j].strip() == fence.group(2)), None)
            if end is None:
                raise Unreadable(f"{name}:{i + 1}: this block does not end")
            margin = len(fence.group(1))
            body = "\n".join(line[margin:] for line in lines[i + 1:end])
            block = Block(i + 1, fence.group(3), body, marks)
            page.blocks.append(block)
            if block.language == "sh":
                page.steps.append(block)
            elif marks:
                raise Unreadable(f"{name}:{i + 1}: a mark stands before a block that is not sh")
            elif block.language in COMPARED and previous is not None:
                previous.expected = block
            previous, marks = (block if block.language == "sh" else None), {}
            prose += [""] * (end + 1 - i)
            i = end + 1
            continue
        mark = MARK.match(lines[i])
        if mark and mark.group(1) in BEFORE_A_BLOCK:
            marks[mark.group(1)] = mark.group(2) or ""
        elif mark and mark.group(1) in ALONE:
            page.steps.append((mark.group(1), mark.group(2) or "", i + 1))
        elif lines[i].strip():
            if marks:
                raise Unreadable(f"{name}:{i + 1}: a mark stands before something that is no block")
            previous = None
        prose.append(lines[i])
        i += 1
    page.prose = "\n".join(prose)
    return page


def anchors(page):
    """The names that GitHub gives to headings."""
    found = set()
    for line in page.prose.split("\n"):
        heading = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if not heading:
            continue
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.group(1)).lower()
        name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        n = 0
        while (unique := f"{name}-{n}" if n else name) in found:
            n += 1
        found.add(unique)
    return found


def links(page):
    """(line, target) of every link and picture."""
    plain = re.sub(r"`[^`\n]*`", lambda m: " " * len(m.group()), page.prose)
    for found in re.finditer(r"\]\(([^)\s]+)\)", plain):
        yield plain.count("\n", 0, found.start()) + 1, found.group(1)


def code_spans(page):
    """(line, text) of everything in backticks."""
    for found in re.finditer(r"`([^`\n]+)`", page.prose):
        yield page.prose.count("\n", 0, found.start()) + 1, found.group(1)
