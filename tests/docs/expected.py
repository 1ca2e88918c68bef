"""Whether what was printed is what the page says. `…` stands for anything: in a line for a part of it, alone on a line for any lines."""

import difflib
import re


def wildcard(text):
    return "".join(".*?" if part == "…" else re.escape(part) for part in re.split("(…)", text))


def json_matches(wanted, printed):
    """Blanks and line ends count for nothing, so that a page may fold a long line."""
    squeeze = lambda text: re.sub(r"\s+", "", text)
    return re.fullmatch(wildcard(squeeze(wanted)), squeeze(printed), re.S) is not None


def text_matches(wanted, printed):
    pattern = ""
    for line in wanted.rstrip("\n").split("\n"):
        pattern += r"(?:[^\n]*\n)*?" if line.strip() == "…" else wildcard(line.rstrip()).replace(".*?", r"[^\n]*?") + r"[ \t]*\n"
    return re.fullmatch(pattern, printed.rstrip("\n") + "\n") is not None


def difference(block, out, err):
    """Nothing if the block's expectation is met by what it printed, or else what differs."""
    wanted = block.expected
    if wanted is None:
        return None
    matches = json_matches if wanted.language == "json" else text_matches
    if matches(wanted.text, out) or (not out.strip() and matches(wanted.text, err)):
        return None
    printed = out if out.strip() else err
    lines = difflib.unified_diff(wanted.text.split("\n"), printed.rstrip("\n").split("\n"), "the page", "printed", lineterm="")
    return f"line {wanted.line}: it printed something else:\n" + "\n".join(lines)
