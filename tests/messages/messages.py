"""Compares the messages in the sources with the list in messages.txt: a new message is added there, and says what to do. Nor may
docs/operations.md explain what nobody says, or leave a field of the log unexplained.

    python3 tests/messages/messages.py            what differs
    python3 tests/messages/messages.py --list     the messages as the sources have them, to copy from
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).parents[2]
LIST = pathlib.Path(__file__).with_name("messages.txt")
FOLDERS = ("app", "bench", "core", "db", "etl", "lb", "schema")

# Who says a message, and which of the arguments it is. Sentences of the API are literals that begin with "Error: ";
# complaints of an option's check end a word in quotes: "' is …".
SPEAKERS = {
    r"(?<!:)\bfail": 0,
    r"\bfail_with": 1,
    r"\blog::(?:error|warning)": 0,
    r"\boutage_\.begins": 0,
    r"\bwrong": 0,
    r"\bCLI::ValidationError": 0,
    r"\banswer_error": 2,
    r"\banswer_refusal": 1,
    r"\brefused?": 1,
    r"\brefuse_body": 1,
}
IN_ADMIN = {r"\berror": 1}  # of lb/admin.cpp: its answers to operators
CALL = re.compile("(?:" + "|".join(f"(?P<s{i}>{name})" for i, name in enumerate([*SPEAKERS, *IN_ADMIN])) + r")(?=\()")
PLACES = [*SPEAKERS.values(), *IN_ADMIN.values()]
LITERAL = re.compile(r'"((?:\\.|[^"\\\n])*)"')
SKIPPED = re.compile(r'R"\((?:.*?)\)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)  # literals, raw ones and characters too
ENDING = re.compile(r'"((?:Error: |\' is )(?:\\.|[^"\\\n])+)"')


def without_comments(text):
    return re.sub(r'("(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\')|//[^\n]*', lambda m: m.group(1) or "", text)


def arguments(text, at):
    """The texts between the commas of the call whose parenthesis opens at `at`."""
    depth, start, found, i = 0, at + 1, [], at
    while i < len(text):
        if skipped := SKIPPED.match(text, i):
            i = skipped.end()
            continue
        if text[i] in "([{":
            depth += 1
        elif text[i] in ")]}":
            depth -= 1
            if depth == 0:
                return [*found, text[start:i]]
        elif text[i] == "," and depth == 1:
            found.append(text[start:i])
            start = i + 1
        i += 1
    return found


def literals(argument):
    """Each run of neighbouring literals is one text; a choice (?:) has two."""
    inner = re.match(r"\s*fmt::format\s*(?=\()", argument)
    if inner:
        argument = arguments(argument, inner.end())[0]
    joined = re.sub(r'"\s+"', "", argument)
    return [text.replace(r"\"", '"').replace("\\\\", "\\") for text in LITERAL.findall(joined)]


def literals_like(pattern, text):
    return [message.replace("\\\\", "\\") for message in pattern.findall(re.sub(r'"\s+"', "", text))]


def said_in(name, text):
    """The messages of one source, in order."""
    text = without_comments(text)
    found = []
    for call in CALL.finditer(text):
        which = next(i for i in range(len(PLACES)) if call.group(f"s{i}"))
        if which >= len(SPEAKERS) and name != "lb/admin.cpp":
            continue
        given = arguments(text, call.end())
        if len(given) > PLACES[which]:
            found += [message for message in literals(given[PLACES[which]]) if " " in message]  # "{}" alone passes one on
    found += [message for message in literals_like(ENDING, text)]
    return list(dict.fromkeys(found))


def sources():
    files = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in (".cpp", ".hpp"))
    said = {str(path.relative_to(ROOT)): said_in(str(path.relative_to(ROOT)), path.read_text()) for path in files}
    return {name: messages for name, messages in said.items() if messages}


def listed():
    """{file: {message: what to do}}. In the list «…» is what tells it; a note in doubled parentheses says why nothing does."""
    found, at = {}, None
    for line in LIST.read_text().splitlines():
        if line.startswith("# ") or not line:
            continue
        if line.startswith("== "):
            at = found.setdefault(line[3:], {})
            continue
        message, _, note = line.partition("  ((")
        advice = "".join(re.findall("«([^»]*)»", message))
        at[message.replace("«", "").replace("»", "")] = advice or note.rstrip(")")
    return found


def compare(said, known):
    for name, messages in said.items():
        for message in messages:
            if message not in known.get(name, {}):
                yield f"{name}: not in the list: {message}"
    for name, messages in known.items():
        for message, advice in messages.items():
            if message not in said.get(name, []):
                yield f"{name}: nobody says any more: {message}"
            if len(advice) < 8:
                yield f"{name}: says neither what to do nor why not: {message}"


def quoted_in_operations():
    """What the first columns of the tables of docs/operations.md quote, in pieces between the ellipses."""
    section = (ROOT / "docs" / "operations.md").read_text().split("## What you see")[1].split("\n## ")[0]
    for row in re.findall(r"^\| (.*?) \|", section, re.M):
        for quote in re.findall(r"`([^`]+)`", row):
            yield from (piece.strip(" :;=") for piece in quote.split("…"))


def compare_operations(said):
    texts = "\n".join(re.sub(r'"\s+"', "", path.read_text()) for folder in FOLDERS for path in (ROOT / folder).rglob("*.[ch]pp"))
    texts += "\n".join(message for messages in said.values() for message in messages)
    for piece in quoted_in_operations():
        if piece not in texts:
            yield f"docs/operations.md: nobody says: {piece}"


def undocumented_fields():
    """Every key=value of the log stands in the table of log fields."""
    section = (ROOT / "docs" / "operations.md").read_text().split("## Log fields")[1].split("\n## ")[0]
    known = set(re.findall(r"`([a-z_]+)`", section))
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.[ch]pp")):
            text = without_comments(path.read_text())
            for call in re.finditer(r"\blog::(?:info|warning|error)(?=\()", text):
                said = " ".join(literals(arguments(text, call.end())[0]))
                for field in set(re.findall(r"\b([a-z_]+)='?\{", said)) - known:
                    yield f"docs/operations.md: the log field {field} of {path.relative_to(ROOT)} is not explained"


def main():
    if sys.argv[1:] == ["--list"]:
        for name, messages in sources().items():
            print(f"\n== {name}", *messages, sep="\n")
        return 0
    faults = [*compare(sources(), listed()), *compare_operations(sources()), *undocumented_fields()]
    for fault in faults:
        print(f"  {fault}")
    print(f"{'FAILED' if faults else 'ok    '}  every message that a user can meet is in the list and says what to do")
    print(f"{int(not faults)} passed, {int(bool(faults))} failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
