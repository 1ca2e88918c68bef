"""Every block of commands in the documents is run unless it says why not, every link leads somewhere, every option exists.

    python3 tests/docs/docs_test.py BUILD [PAGE...]     BUILD: the folder with atelier and atelier-bench; PAGE: only these, README.md, docs/deploy.md

How a page is played stands in play.py, the marks that a page may use in markdown.py. DOCS_TIMES=1 tells how long each block took.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import links
import markdown
import options
import play

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIDE_BY_SIDE = 3
PAGE_SECONDS = 600


def pages(root):
    files = [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]
    return [markdown.read(str(file.relative_to(root)), file.read_text(encoding="utf-8")) for file in files]


def why_not_here(page):
    """Why this machine cannot play pages, or nothing."""
    machines = any(isinstance(step, tuple) and (step[0] == "machines" or step[:2] == ("given", "a server")) for step in page.steps)
    if machines and os.getuid() != 0:
        return "plays machines, which needs root"
    if machines and not (ROOT / "app" / "package" / "units").exists():
        return "the units of the package are not there"
    tried = subprocess.run([*play.words_of_namespaces(), "sh", "-c", "ip link set lo up && mount -t tmpfs none /tmp"], capture_output=True, text=True)
    return f"no namespaces here: {tried.stderr.strip()}" if tried.returncode != 0 else None


def played(page, root):
    """What failed, or nothing. The page lies below `root`; the program that it speaks of is always ours."""
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="atelier-docs-", dir="/var/tmp"))
    try:
        scratch.chmod(0o755)
        words = [*play.words_of_namespaces(), sys.executable, "-B", pathlib.Path(play.__file__), root / page.name, page.name, scratch, ROOT]
        done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=PAGE_SECONDS, stdin=subprocess.DEVNULL)
        sys.stderr.write("".join(f"{line}\n" for line in done.stderr.splitlines() if os.environ.get("DOCS_TIMES") or done.returncode != 0))
        if done.returncode != 0 or not done.stdout:
            return f"{page.name}: could not be played: {done.stderr.strip()[-2000:]}"
        return json.loads(done.stdout.splitlines()[-1])["failed"]
    except subprocess.TimeoutExpired:
        return f"{page.name}: is not played within {PAGE_SECONDS} s"
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def count(self, title, faults, skipped=None):
        if skipped:
            self.skipped += 1
            print(f"skipped {title}: {skipped}")
            return
        self.failed += bool(faults)
        self.passed += not faults
        print(f"{'FAILED' if faults else 'ok    '}  {title}")
        for fault in faults:
            print("".join(f"  {line}\n" for line in fault.splitlines()), end="")


def undescribed(some):
    """Kinds of repairs and rejects that docs/loading.md does not name."""
    names = re.findall(r'"([a-z_0-9]+)"', (ROOT / "etl" / "outcome.hpp").read_text())
    for page in some:
        if page.name == "docs/loading.md":
            yield from (f"{page.name} does not say what '{name}' is" for name in names if f"`{name}`" not in page.prose)


COMMAND = re.compile(r"\s*(\$ |curl |atelier(-bench)? |\./dev |psql |build/release/|systemctl )")


def hidden(some):
    """Commands that stand in no block of commands."""
    for page in some:
        for block in page.blocks:
            if block.language not in ("sh", "text", "json", "toml", "yaml"):
                yield f"{page.name}:{block.line}: a block of '{block.language}': commands are sh, what they print is text or json, settings are toml or yaml"
        for number, line in enumerate(page.prose.split("\n"), 1):
            if line.startswith("    ") and COMMAND.match(line):
                yield f"{page.name}:{number}: a command outside of an sh block: {line.strip()}"


def play_all(some, root, tally):
    todo = [page for page in some if any(isinstance(step, markdown.Block) and "not run" not in step.marks for step in page.steps)]
    with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        reasons = {page.name: why_not_here(page) for page in todo}
        results = {page.name: pool.submit(played, page, root) for page in todo if not reasons[page.name]}
        for page in todo:
            blocks = sum(isinstance(step, markdown.Block) and "not run" not in step.marks for step in page.steps)
            fault = None if reasons[page.name] else results[page.name].result()
            tally.count(f"{page.name}: its {blocks} blocks run", [fault] if fault else [], reasons[page.name])


def list_not_run(some):
    for page in some:
        for block in page.blocks:
            if "not run" in block.marks:
                print(f"  not run: {page.name}:{block.line}: {block.marks['not run']}")


def check(root, build, only=()):
    tally = Tally()
    every = pages(root)
    some = [page for page in every if not only or page.name in only]
    tally.count("every link and anchor leads somewhere", list(links.faults(some, every, root)))
    tally.count("every option exists, for the command that it is given to, and every command of ./dev and scenario", list(options.faults(some, build, ROOT)))
    tally.count("every repair and every reject is described", list(undescribed(some)))
    tally.count("every command stands in a block of commands", list(hidden(some)))
    play_all(some, root, tally)
    list_not_run(some)
    print(f"{tally.passed} passed, {tally.failed} failed" + (f", {tally.skipped} skipped" if tally.skipped else ""))
    return 1 if tally.failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(check(ROOT, pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]))
