"""`./dev bench`: every comparison, one table."""

import argparse
import shutil
import signal
import sys
import traceback

import api
import conformance
import growth
import loader
import micro
import models
import notify
import proxy
import publish
import settings
from data import FULL
from places import Trouble, WORK, own, say
from processes import allow_files
from rounds import OutOfTime, Plan
from table import Table

ABOUT = """What can be measured; several may be named, and `SET:PART` takes one part alone:

  quick       api, proxy and loader on a tenth of the data, each measurement a second, about 12 minutes
  full        the same at full size (1,000,011 products), about 100 minutes and 40 GB of disk
  api         the worker and the stack: nginx's static file, Express × 3 behind nginx, pgbench
              parts: {api}
  proxy       atelier lb, nginx and HAProxy over one upstream
              parts: {proxy}
  loader      etl load: psql \\copy with indexes, pgloader
              parts: {loader}
  growth      data size, workers, connections, page size; not in quick and full
              parts: {growth}
  micro       Google Benchmark: parser, serialiser, pipeline queue, record reader
  callgrind   instruction counts of the hot paths
  conformance requests of our own from RFC 9112 and 9110: atelier lb, nginx and HAProxy; --failures lists who fails what
  settings    of PostgreSQL and the kernel, each on and off in turns, sorted by gain; --publish writes docs/deploy.md; as root for the kernel's
  models      what a read costs PostgreSQL by read model, result format, and how many reads share a statement
  notify      votes a second with NOTIFY and without, and the time of one with the echoes of three caches and without
  clean       remove data, clusters and logs of earlier runs

--products N takes that many products (quick: 100000, full: 1000011); growth, api, proxy and loader alone take quick's unless --full is given.
Ctrl-C ends early with the table of what was measured by then. Data, logs and results are in {work}
(ATELIER_BENCH_DIR is another folder, of its own). Exit codes: 0 measured, or as much of it as --minutes allowed, whatever the targets; 1 failed;
2 wrong usage; 130 interrupted; with --strict also 3: a target was missed, or not all was measured. Traffic goes to 127.0.0.1 only; nothing runs on when this ends."""

SETS = {"api": api, "proxy": proxy, "loader": loader, "growth": growth}


def chosen(names):
    """[(set, parts)] of the words on the command line."""
    wanted = {}
    for name in names:
        if name in ("quick", "full"):
            for each in ("api", "proxy", "loader"):
                wanted.setdefault(each, [])
            continue
        which, _, part = name.partition(":")
        if which not in SETS or (part and part not in SETS[which].PARTS):
            raise Trouble(f"there is no '{name}' to measure; ./dev bench help tells what there is")
        wanted.setdefault(which, [])
        if part:
            wanted[which].append(part)
    return wanted


def check_whole(wanted):
    """A page shows a whole table: part of one would take the place of the rest."""
    if any(wanted.values()) or set(wanted) not in ({"api", "proxy", "loader"}, {"growth"}):
        raise Trouble("--publish writes a whole table: name quick, full or growth, and no parts")


def exit_code(code, table, whole, strict):
    """`code`: of what went wrong, or 0. A missed target is a result, and only an error for who asks for it."""
    missed = not whole or any(f.held() is False for f in table.figures)
    return 3 if code == 0 and strict and missed else code


def interrupted(number, frame):
    raise KeyboardInterrupt


def main():
    about = ABOUT.format(work=WORK, **{name: ", ".join(s.PARTS) for name, s in SETS.items()})
    parser = argparse.ArgumentParser(prog="./dev bench", description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["help"], metavar="WHAT")
    parser.add_argument("--full", action="store_true", help="full size and longer rounds")
    parser.add_argument("--products", type=int, help="size of the data set")
    parser.add_argument("--rounds", type=int, help="rounds of each comparison (5)")
    parser.add_argument("--seconds", type=int, help="length of one measurement (quick 1, full 12, else 3)")
    parser.add_argument("--minutes", type=int, help="end after so many, with what there is (quick 60, full 240)")
    parser.add_argument("--strict", action="store_true", help="of api, proxy, loader and growth: code 3 where a target was missed, or not all was measured")
    parser.add_argument("--failures", action="store_true", help="of conformance: list them")
    parser.add_argument("--publish", action="store_true", help="write the whole table into docs/performance.md, of settings into docs/deploy.md")
    asked = parser.parse_args()
    if asked.what == ["help"]:
        parser.print_help()
        return 0
    if asked.what in (["callgrind"], ["micro"]):
        return micro.run(asked.what[0])
    if asked.what == ["conformance"]:
        return conformance.run(asked.failures)
    try:
        own(WORK)
    except Trouble as e:
        say(f"bench: {e}")
        return 1
    if asked.what == ["clean"]:
        shutil.rmtree(WORK, ignore_errors=True)
        return 0
    command = " ".join(["./dev bench", *sys.argv[1:]])
    signal.signal(signal.SIGTERM, interrupted)
    allow_files(65536)
    full = asked.full or "full" in asked.what
    plan = Plan(not full, asked.minutes or (240 if full else 60), asked.rounds, asked.seconds or (1 if "quick" in asked.what else None))
    if asked.what == ["models"]:
        return models.run(plan, asked.products or (FULL if full else 100_000))
    if asked.what == ["notify"]:
        return notify.run(plan, asked.products or (FULL if full else 100_000))
    if asked.what == ["settings"]:
        return settings.run(plan, asked.products or (FULL if full else 100_000), asked.publish, command)
    table, code, whole = Table(), 0, False
    try:
        wanted = chosen(asked.what)
        if asked.publish:
            check_whole(wanted)
        for name, parts in wanted.items():
            SETS[name].compare(table, plan, asked.products or (FULL if full else 100_000), parts)
        whole = True
    except KeyboardInterrupt:
        say("interrupted: the table holds what was measured by then")
        code = 130
    except OutOfTime:
        say("out of time: the table holds what was measured by then")
    except Trouble as e:
        say(f"bench: {e}")
        code = 1
    except Exception:  # a fault of ours must not cost what was measured
        traceback.print_exc()
        code = 1
    if table.figures:
        print(f"\n{table.facts()['machine']}, commit {table.facts()['commit']}, {table.facts()['date']}\n")
        print(table.text())
        print(f"\nalso in {table.write('-'.join(asked.what).replace(':', '-') if len(asked.what) < 3 else 'several')}")
        if asked.publish and whole:
            publish.publish(table, command)
        elif asked.publish:
            say("not published: not all of it was measured")
    return exit_code(code, table, whole, asked.strict)


if __name__ == "__main__":
    sys.exit(main())
