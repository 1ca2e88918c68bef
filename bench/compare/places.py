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
WORK = pathlib.Path(os.environ.get("ATELIER_BENCH_DIR") or f"/var/tmp/atelier-bench-{os.getuid()}")


def say(text):
    print(text, file=sys.stderr, flush=True)


class Trouble(Exception):
    """Something that a person has to mend; its text says what and how."""
