"""The test of the documents can fail: pages with one fault each, and one without.

    python3 tests/docs/self_test.py BUILD
"""

import contextlib
import io
import pathlib
import shutil
import sys
import tempfile

import docs_test
import markdown
import play

BUILD = sys.argv[1] if len(sys.argv) > 1 else "build/release"


def block(text, expected=None, mark=None, language="text"):
    page = f"<!-- {mark} -->\n" if mark else ""
    page += f"```sh\n{text}\n```\n"
    return page + (f"\n```{language}\n{expected}\n```\n" if expected is not None else "")


# What the page holds, and what the test must say of it; nothing: it is right.
PAGES = {
    "a page that is right passes": (block("echo one two three\necho four", "one … three\n…") + block("exit_with() { return 3; }\nexit_with", mark="ends with: 3"), None),
    "a command that fails": (block("false\ntrue"), "a command failed"),
    "a command that fails before a pipe": (block("cat /nowhere | wc -l"), "a command failed"),
    "a command that should fail and does not": (block("true", mark="ends with: 1"), "ended with code 0, not 1"),
    "a program that is not there": (block("ateliers --help"), "command not found"),
    "output that differs": (block("echo one", "two"), "printed something else"),
    "output with a line too many": (block("echo one; echo two", "one"), "printed something else"),
    "JSON that differs": (block("echo '{\"a\": 1}'", '{"a":2}', language="json"), "printed something else"),
    "a server that is not there": (block("curl http://127.0.0.1:1/"), "a command failed"),
    "what does not stay": (block("echo ready", mark="stays, ready at: never said"), "does not say"),
    "a link to nothing": ("[x](nowhere.md)\n", "there is no nowhere.md"),
    "an anchor to nothing": ("# Here\n\n[x](#there)\n", "has no heading '#there'"),
    "an option that is not there": ("`atelier api --lisen 127.0.0.1:1`\n", "there is no --lisen"),
    "an option of another role": (block("atelier lb --cache-mb 1 --help"), "there is no --cache-mb"),
    "a command of ./dev that is not there": ("`./dev fly`\n", "there is no 'fly'"),
    "a scenario that is not there, in a block that is not run": (block("atelier-bench search nothing", mark="not run: long"), "there is no 'nothing'"),
    "a block for a machine on a page without one": (block("true", mark="on: server"), "there is no machine 'server'"),
    "a key that is not there": ("```toml\n[api]\nlisten-on = 1\n```\n", "[api] has no listen-on"),
    "a command that is indented only": ("    curl http://127.0.0.1:1/\n", "a command outside of an sh block"),
    "a block in another language": ("```bash\ntrue\n```\n", "a block of 'bash'"),
    "a block that does not end": ("```sh\ntrue\n", "does not end"),
}


def said_of(text):
    """What the test says of a page, and how it ended."""
    root = pathlib.Path(tempfile.mkdtemp(prefix="atelier-docs-self-", dir="/var/tmp"))
    try:
        (root / "README.md").write_text(text)
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = docs_test.check(root, pathlib.Path(BUILD).resolve())
        return said.getvalue(), code
    except markdown.Unreadable as e:
        return str(e), 1
    finally:
        shutil.rmtree(root)


def main():
    passed = failed = 0
    if docs_test.why_not_here(markdown.read("", "")):
        print("skipped: this machine has no namespaces\n0 passed, 0 failed, 1 skipped")
        return 0
    for name, (text, wanted) in PAGES.items():
        said, code = said_of(text)
        good = code == 0 if wanted is None else code != 0 and wanted in said
        passed, failed = passed + good, failed + (not good)
        print(f"{'ok    ' if good else 'FAILED'}  {name}")
        if not good:
            print(said)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
