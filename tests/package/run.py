"""Runs the tests of the package: each function of a part whose name is a sentence, with the places it needs.

    python3 tests/package/run.py BUILD [PART...]     BUILD: the folder with the built program; PART: documents, supervision, units, deb

A test that cannot run here raises Skipped with its reason, which is shown.
"""

import importlib
import inspect
import pathlib
import sys
import tempfile
import traceback

PARTS = ["documents", "supervision", "units", "deb"]


class Skipped(Exception):
    pass


class Places:
    """Where the built programs and the sources are, and a folder that is gone after the test."""

    def __init__(self, build, scratch):
        self.root = pathlib.Path(__file__).resolve().parents[2]
        self.build = pathlib.Path(build).resolve()
        self.program = self.build / "atelier"
        self.documents = self.build / "atelier-docs"
        self.scratch = pathlib.Path(scratch)


def tests_of(part):
    module = importlib.import_module(part)
    return [f for name, f in inspect.getmembers(module, inspect.isfunction) if name.startswith("test_") and f.__module__ == part]


def main():
    sys.modules["run"] = sys.modules["__main__"]  # so that a part's Skipped is ours
    build, parts = sys.argv[1], sys.argv[2:] or PARTS
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for part in parts:
        for test in sorted(tests_of(part), key=lambda f: f.__code__.co_firstlineno):
            sentence = test.__name__.removeprefix("test_").replace("_", " ")
            with tempfile.TemporaryDirectory(prefix="atelier-package-") as scratch:
                try:
                    test(Places(build, scratch))
                    outcome, why = "passed", ""
                except Skipped as e:
                    outcome, why = "skipped", f": {e}"
                except Exception:  # whatever it is, the others run
                    outcome, why = "failed", "\n" + traceback.format_exc()
            counts[outcome] += 1
            print(f"{outcome:8}{sentence}{why}", flush=True)
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
