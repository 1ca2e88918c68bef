"""What the style can leave to a machine. Fails on what is always wrong; only reports lengths.

    python3 tests/tidy/tidy.py [FOLDER]     FOLDER: another tree than ours, for the test of this test
"""

import pathlib
import re
import subprocess
import sys

# Who may include whom; the longest folder that fits a file decides. tests and bench see everything.
ARROWS = {
    "core": ["core"],
    "core/http": ["core", "core/http"],
    "db": ["core", "db"],
    "schema": ["core", "db", "schema"],
    "etl": ["core", "db", "etl"],
    "lb": ["core", "core/http", "lb"],
    "app/stack": ["core", "db", "schema", "app/stack"],
    "app": ["core", "core/http", "db", "schema", "etl", "lb", "app", "app/stack"],
}
# Libraries that only some folders may see.
LIBRARIES = {"libpq-fe.h": ["db"], "curl/": ["etl"], "archive": ["etl"]}

NAMES = re.compile(r"(?<![\w.:>])((?:get|do|handle)_\w+|\w*_?manager(?:_\w+|s)?|\w+_utils?|utils?_\w+|utils?)\b(?!\s*::)")
FILE_NAMES = re.compile(r"(^|_)(utils?|manager|helpers?|misc|common)(_|$)")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
PLACES = re.compile(r"(?<![\w.-])/(?:work|farm)/|/home/\w+/|/Users/\w+/")
REGISTRIES = re.compile(r"registry\.[\w.]+\.\w+|deb\.debian\.org|pypi\.org|proxy\.golang\.org|index\.crates\.io")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)

NO_FUNCTION = re.compile(r"\s*(if|for|while|switch|else|\}|namespace|struct|class|enum|case|return|const auto|auto \w+ =)\b")

README_LINES_MAX = 25
FILE_LINES_LONG = 300
FUNCTION_LINES_LONG = 50


def tracked(root):
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True)
    return [name for name in sorted(listed.stdout.splitlines()) if (root / name).is_file()]


def code_alone(text):
    """The text without comments and without what stands in quotes; lines stay lines."""
    pattern = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*.*?\*/', re.S)
    return pattern.sub(lambda m: '""' + "\n" * m.group().count("\n"), text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def folder_of(name):
    fitting = [folder for folder in ARROWS if name.startswith(folder + "/")]
    return max(fitting, key=len, default=None)


class Tree:
    def __init__(self, root):
        self.root = root
        self.texts = {}
        for name in tracked(root):
            try:
                self.texts[name] = (root / name).read_text(encoding="utf-8")
            except UnicodeDecodeError:
                pass  # a picture, a fuzzer's seed
        self.sources = {name: text for name, text in self.texts.items() if name.endswith((".cpp", ".hpp"))}


def includes_follow_the_arrows(tree):
    for name, text in tree.sources.items():
        folder = folder_of(name)
        for found in INCLUDE.finditer(text):
            target = found.group(2)
            where = f"{name}:{line_of(text, found.start())}"
            if target.startswith((".", "/")) or "/../" in target:
                yield f"{where}: '{target}' is relative; write folder/file.hpp"
            elif folder and found.group(1) == '"':
                to = folder_of(target)
                if to is None or to not in ARROWS[folder]:
                    yield f"{where}: {folder} may not include '{target}'"
            elif folder:
                for library, allowed in LIBRARIES.items():
                    if target.startswith(library) and folder not in allowed:
                        yield f"{where}: only {', '.join(allowed)} may include <{target}>"


def names_say_what_things_are(tree):
    for name, text in tree.sources.items():
        if FILE_NAMES.search(pathlib.PurePath(name).stem):
            yield f"{name}: the file's name says nothing"
        code = INCLUDE.sub("", code_alone(text)) if "#" in text else code_alone(text)
        for word in sorted({found.group(1) for found in NAMES.finditer(code)}):
            yield f"{name}: '{word}' is a word that we do not use in names"


def nothing_is_left_unfinished(tree):
    yield from words(tree, UNFINISHED, "finish it, or write an issue")


def no_machine_is_named(tree):
    yield from words(tree, PLACES, "a path of one machine")
    yield from words(tree, REGISTRIES, "a registry's host")


def words(tree, pattern, why):
    for name, text in tree.texts.items():
        if name.startswith("tests/tidy/") or name.endswith("package-lock.json"):
            continue
        for found in pattern.finditer(text):
            yield f"{name}:{line_of(text, found.start())}: '{found.group().strip()}': {why}"


def headers_are_read_once(tree):
    for name, text in tree.sources.items():
        if name.endswith(".hpp") and "#pragma once" not in text:
            yield f"{name}: #pragma once is missing"


def readmes_are_short(tree):
    for name, text in tree.texts.items():
        if "/" in name and name.endswith("README.md") and text.count("\n") > README_LINES_MAX:
            yield f"{name}: {text.count(chr(10))} lines, more than {README_LINES_MAX}"


def every_folder_says_what_it_is(tree):
    for folder in [*ARROWS, "tests"]:
        if any(name.startswith(folder + "/") for name in tree.sources) and f"{folder}/README.md" not in tree.texts:
            yield f"{folder}/README.md is missing"


RULES = [
    includes_follow_the_arrows,
    names_say_what_things_are,
    nothing_is_left_unfinished,
    no_machine_is_named,
    headers_are_read_once,
    readmes_are_short,
    every_folder_says_what_it_is,
]


def functions(text):
    """(first line, lines) of each function, by the layout that clang-format gives: its last line is a brace as far in as its first."""
    lines = text.splitlines()
    margin_of = [len(line) - len(line.lstrip()) for line in lines]
    seen = set()
    for i, line in enumerate(lines):
        if not re.search(r"\)[\w\s>:,&*<]*\{$", line):
            continue
        start = i
        while start > 0 and margin_of[start] > 3 and lines[start]:
            start -= 1  # the signature's first line
        opening = "".join(lines[start : i + 1])
        if start in seen or margin_of[start] > 2 or "{" in opening[:-1] or re.match(NO_FUNCTION, opening):
            continue
        seen.add(start)
        end = next((j for j in range(i + 1, len(lines)) if lines[j].startswith("}", margin_of[start]) and margin_of[j] == margin_of[start]), i)
        yield start + 1, end - start + 1


def report_lengths(tree):
    for name, text in tree.sources.items():
        if text.count("\n") > FILE_LINES_LONG:
            print(f"  long: {name} has {text.count(chr(10))} lines")
        for line, length in functions(text):
            if length > FUNCTION_LINES_LONG and not name.startswith("tests/"):
                print(f"  long: the function at {name}:{line} has {length} lines")


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    tree = Tree(root)
    failed = 0
    for rule in RULES:
        faults = list(rule(tree))
        failed += bool(faults)
        print(f"{'FAILED' if faults else 'ok    '}  {rule.__name__.replace('_', ' ')}")
        for fault in faults:
            print(f"  {fault}")
    report_lengths(tree)
    print(f"{len(RULES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
