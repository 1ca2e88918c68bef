"""Help, manual pages, completion and the table of options say the same, for they come from one list."""

import os
import pty
import re
import select
import shutil
import subprocess
import time

from run import Skipped

PAGES = ["atelier", "up", "api", "lb", "etl", "schema"]


def output(*words, **more):
    return subprocess.run([str(w) for w in words], capture_output=True, text=True, check=True, timeout=60, **more).stdout


def commands(program, path=()):
    """Every command with its options, as --help prints them: {("etl", "load"): {"--mode", …}}."""
    help_text = output(program, *path, "--help")
    inner = re.findall(r"^  (\w+) ", help_text.partition("\nSubcommands:\n")[2], re.M)
    found = {} if inner else {path: set(re.findall(r"^  (?:-h,)?(--[a-z-]+)", help_text, re.M))}
    for name in inner:
        found |= commands(program, (*path, name))
    return found


def page(places, title):
    return output(places.documents, "man", title, "2026-01-01", places.root / "app/manual")


def plain(text):
    return text.replace("\\-", "-")


def test_every_option_of_help_stands_in_its_manual_page(places):
    for path, options in commands(places.program).items():
        text = plain(page(places, path[0]))
        if len(path) > 1:
            text = re.search(rf"^\.SS atelier {' '.join(path)}\n(.*?)(?=^\.S[SH] )", text, re.M | re.S).group(1)
        in_page = set(re.findall(r"^\.TP\n\.BI? (--[a-z-]+)", text, re.M))
        assert in_page == options, (path, in_page ^ options)


def test_every_option_of_help_stands_in_the_table(places):
    table = output(places.documents, "options")
    for path, options in commands(places.program).items():
        part = re.search(rf"^## atelier {' '.join(path)}\n(.*?)(?=^## |\Z)", table, re.M | re.S).group(1)
        in_table = set(re.findall(r"^\| `(--[a-z-]+)", part, re.M))
        assert in_table == options - {"--help"}, (path, in_table ^ options)


def test_the_table_in_docs_is_what_the_program_prints(places):
    written = (places.root / "docs/options.md").read_text()
    assert written == output(places.documents, "options"), "atelier-docs options > docs/options.md"


def test_the_manual_pages_are_read_without_a_warning(places):
    for tool in ["mandoc", "groff", "lexgrog"]:
        if not shutil.which(tool):
            raise Skipped(f"there is no {tool} (apt-get install mandoc groff-base man-db)")
    for title in PAGES:
        file = places.scratch / f"{title}.1"
        file.write_text(page(places, title))
        linted = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", file], capture_output=True, text=True)
        assert linted.stdout == "", linted.stdout
        drawn = subprocess.run(["groff", "-man", "-ww", "-k", "-T", "utf8", "-z", file], capture_output=True, text=True)
        assert drawn.stderr == "", drawn.stderr
        assert " - " in output("lexgrog", file)


def test_a_manual_page_has_the_sections_that_people_look_for(places):
    for title in PAGES:
        sections = re.findall(r"^\.SH (.*)$", page(places, title), re.M)
        wanted = ["NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"]
        wanted += ["SIGNALS"] if title in ("up", "api", "lb") else []
        assert set(wanted) <= set(sections), (title, sections)


def completed(script, line):
    """What bash would offer for the last word of the line."""
    words = re.findall(r"=|[^ =]+", line) + ([""] if line.endswith((" ", "=")) else [])
    ask = f'source {script}; COMP_WORDS=({" ".join(repr(w) for w in words)}); COMP_CWORD={len(words) - 1}; _atelier; printf "%s\\n" "${{COMPREPLY[@]}}"'
    return set(output("bash", "-c", ask, cwd=script.parent).split())


def completion(places):
    script = places.scratch / "atelier.bash"
    script.write_text(output(places.documents, "completion"))
    return script


def test_the_completion_offers_every_option_of_help(places):
    script = completion(places)
    assert completed(script, "atelier ") >= {"up", "api", "lb", "etl", "schema", "--help", "--version"}
    assert completed(script, "atelier etl ") == {"load", "check", "read", "sample", "--help"}
    for path, options in commands(places.program).items():
        offered = completed(script, f"atelier {' '.join(path)} --")
        assert offered == options, (path, offered ^ options)


def test_the_completion_offers_the_values_of_an_option(places):
    script = completion(places)
    (places.scratch / "shop.csv").touch()
    (places.scratch / "folder").mkdir()
    assert completed(script, "atelier lb --access-log ") == {"off", "sampled", "full"}
    assert completed(script, "atelier etl load --mode=") == {"replace", "append"}
    assert completed(script, "atelier etl load --mode=re") == {"replace"}
    assert completed(script, "atelier up --csv ") == {"folder"}
    assert completed(script, "atelier etl load sh") == {"shop.csv"}
    assert completed(script, "atelier lb --listen ") == set()


def test_a_person_at_a_terminal_gets_what_they_began_to_type(places):
    script = completion(places)
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(places.scratch)
        os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
    try:
        os.write(terminal, f"source {script}\natelier etl load --on-c\tup\t".encode())
        seen, end = "", time.monotonic() + 30
        while "--on-conflict update" not in seen and time.monotonic() < end:
            if select.select([terminal], [], [], 0.2)[0]:
                seen += os.read(terminal, 4096).decode(errors="replace")
        assert "--on-conflict update" in seen, seen
    finally:
        os.close(terminal)  # it hangs up
        os.waitpid(child, 0)
