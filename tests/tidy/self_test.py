"""The style test can fail: each rule finds its own bad example, and nothing in a good one."""

import pathlib
import subprocess
import sys
import tempfile

import tidy

GOOD = {
    "README.md": "long\n" * 100,
    "core/README.md": "What it is.\n",
    "core/result.hpp": "#pragma once\n#include <string>\n// get_it stands in a comment\n",
    "db/README.md": "What it is.\n",
    "db/pool.cpp": '#include "core/result.hpp"\n#include "db/pool.hpp"\n#include <libpq-fe.h>\nauto s = "handle_it";\nint n = thing.get_size();\n',
}

BAD = {
    "includes_follow_the_arrows": [
        {"core/a.cpp": '#include "db/pool.hpp"\n'},
        {"core/a.cpp": '#include "core/http/head.hpp"\n'},
        {"lb/README.md": "x\n", "lb/a.cpp": '#include "schema/migrations.hpp"\n'},
        {"db/a.cpp": '#include "../core/result.hpp"\n'},
        {"core/a.cpp": "#include <libpq-fe.h>\n"},
    ],
    "names_say_what_things_are": [
        {"core/a.cpp": "int get_size();\n"},
        {"core/a.cpp": "void do_it();\n"},
        {"core/a.cpp": "struct connection_manager {};\n"},
        {"core/string_utils.hpp": "#pragma once\n"},
    ],
    "nothing_is_left_unfinished": [{"core/a.cpp": "// TODO: more\n"}, {"docs/x.md": "FIXME\n"}],
    "no_machine_is_named": [
        {"docs/x.md": "see /" + "work/shared/x\n"},
        {"core/a.cpp": "// /home/somebody/x\n"},
        {"docs/x.md": "from https://registry.example.org/x\n"},
    ],
    "headers_are_read_once": [{"core/a.hpp": "int size();\n"}],
    "readmes_are_short": [{"core/README.md": "long\n" * 26}],
    "every_folder_says_what_it_is": [{"lb/a.cpp": "int size();\n"}],
}


def rules_that_fail(files):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        subprocess.run(["git", "init", "-q", folder], check=True)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        tree = tidy.Tree(root)
        return [rule.__name__ for rule in tidy.RULES if list(rule(tree))]


def main():
    passed = failed = 0
    cases = [([], GOOD)] + [([rule], GOOD | extra) for rule, extras in BAD.items() for extra in extras]
    for expected, files in cases:
        found = rules_that_fail(files)
        if found == expected:
            passed += 1
        else:
            failed += 1
            print(f"expected {expected}, found {found}, in {sorted(files.items())[-2:]}")
    untested = [rule.__name__ for rule in tidy.RULES if rule.__name__ not in BAD]
    if untested:
        failed += 1
        print(f"no bad example for {untested}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
