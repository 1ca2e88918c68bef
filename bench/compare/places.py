"""Where things are, and how to say what goes on."""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "release"
ATELIER = BUILD / "atelier"
BENCH = BUILD / "atelier-bench"
UPSTREAM = BUILD / "bench" / "bench-upstream"
STATEMENTS = BUILD / "bench" / "bench-statements"
PEERS = ROOT / "bench" / "peers"

# Data, clusters and logs: a folder that PostgreSQL's own user can reach, whoever we are.
DEFAULT = pathlib.Path(f"/var/tmp/atelier-bench-{os.getuid()}")
WORK = pathlib.Path(os.environ.get("ATELIER_BENCH_DIR") or DEFAULT)


def say(text):
    print(text, file=sys.stderr, flush=True)


class Trouble(Exception):
    """Something that a person has to mend; its text says what and how."""


def own(folder):
    """Makes the folder ours, which `clean` may remove whole. One that has somebody's files in it is not taken."""
    mark = folder / "made-by-atelier-bench"
    if folder == DEFAULT or mark.exists():
        return
    if folder.exists() and any(folder.iterdir()):
        raise Trouble(f"{folder} holds files that are not ours; let ATELIER_BENCH_DIR be a folder of its own")
    folder.mkdir(parents=True, exist_ok=True)
    mark.touch()
