"""What keeping caches right costs a write: votes a second by pgbench, durable, with NOTIFY and without, one a commit and many; and the
time of a vote through one of three workers, when all keep answers and it waits for their echoes, and when none does."""

import math
import os
import statistics
import subprocess

import peers
from data import serving
from load import load, scenario, scenario_file
from places import Trouble, WORK, say
from processes import stop_all
from rounds import alternate

CLIENTS = (1, 8, 32)
A_COMMIT = (1, 16)  # votes
WORKERS = 3
VOTERS = (1, 16, 256)

CHANGE = ("with asked as materialized (select id, count(*) as votes from unnest(array[{ids}]::bigint[]) as t(id) group by id),"
          " found as materialized (select one.product_id, one.id, asked.votes from asked join reviews one on one.id = asked.id"
          " order by one.product_id, one.id for no key update of one),"
          " changed as (update reviews one set helpfulness = one.helpfulness + found.votes::integer from found"
          " where one.product_id = found.product_id and one.id = found.id)")
TELL = ", told as materialized (select pg_notify('atelier_cache', '0 0' || string_agg(' r' || product_id || ' v' || id, '')) from found)"
END = {False: " select id from found;", True: " select id from found where (select count(*) from told) >= 0;"}


def script(votes, announces, last):
    lines = [f"\\set id{i} random(1, {last})" for i in range(votes)]
    lines.append(CHANGE.replace("{ids}", ", ".join(f":id{i}" for i in range(votes))) + (TELL if announces else "") + END[announces])
    file = WORK / "pgbench" / f"votes-{votes}-{'notify' if announces else 'silent'}.sql"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n")
    return file


def commits_a_second(server, file, clients, seconds):
    words = [server.bin / "pgbench", "-n", "-M", "prepared", "-c", clients, "-j", 1, "-T", seconds, "-h", server.socket, "-U", "postgres", "-f", file, "atelier"]
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=seconds + 60,
                          env={**os.environ, "PGOPTIONS": "-c search_path=atelier -c plan_cache_mode=force_generic_plan"})
    for line in done.stdout.splitlines():
        if line.startswith("tps = "):
            return float(line.split()[2])
    raise Trouble(f"pgbench: {done.stderr.strip()[-500:]}")


def with_notify(plan, server, ids):
    worker = peers.worker(server, cache_mb=16)  # who listens
    rates = {}
    try:
        for round_ in range(plan.rounds):
            say(f"  NOTIFY: round {round_ + 1} of {plan.rounds}")
            for votes in A_COMMIT:
                for clients in CLIENTS:
                    for announces in (False, True) if round_ % 2 == 0 else (True, False):
                        plan.check()
                        rate = commits_a_second(server, script(votes, announces, ids["reviews"]), clients, plan.seconds)
                        rates.setdefault((votes, clients, announces), []).append(votes * rate)
    finally:
        worker.stop()
    print(f"{'votes a commit':>14} {'clients':>8} {'votes/s silent':>15} {'with NOTIFY':>12} {'ratio':>6}")
    for votes in A_COMMIT:
        for clients in CLIENTS:
            silent, told = (statistics.median(rates[votes, clients, a]) for a in (False, True))
            print(f"{votes:>14} {clients:>8} {silent:>15,.0f} {told:>12,.0f} {told / silent:>6.2f}")


def median_of(runs, percentile):
    """Of those that were answered at all."""
    return statistics.median([run.latency_ms[percentile] for run in runs if run.answered] or [math.nan])


def with_echoes(plan, server, ids):
    vote = scenario("votes")
    vote["values"]["review"] = {"law": "uniform", "first": 1, "last": ids["reviews"]}
    file = scenario_file("votes", vote)
    runs, workers = {}, {}
    try:
        for cache in (0, 16):
            workers[cache] = []  # that a worker which does not start leaves the others to be stopped
            for i in range(WORKERS):
                workers[cache].append(peers.worker(server, name=f"echo-{cache}-{i}", cache_mb=cache))
            # One kind after the other: a worker that keeps answers would make the writes of all others wait for it.
            for connections in VOTERS:
                load(workers[cache][0].port, file, plan.warm_up, connections=connections)
                alternate(plan, f"votes of {connections}, {'with' if cache else 'without'} caches", [lambda: runs.setdefault((connections, cache), []).append(
                    load(workers[cache][0].port, file, plan.seconds, connections=connections))])
            stop_all(workers[cache])
            workers[cache] = []
    finally:
        stop_all(w for some in workers.values() for w in some)
    errors = sum(run.errors for some in runs.values() for run in some)
    print(f"\n{'connections':>14} {'caches':>8} {'votes/s':>10} {'p50 ms':>8} {'p99 ms':>8}")
    for (connections, cache), some in sorted(runs.items()):
        print(f"{connections:>14} {'on' if cache else 'off':>8} {statistics.median(r.rate for r in some):>10,.0f}"
              f" {median_of(some, 'p50'):>8.3f} {median_of(some, 'p99'):>8.3f}")
    print(f"errors: {errors}")
    return errors


def run(plan, products):
    server, ids = serving(products)
    try:
        with_notify(plan, server, ids)
        return 1 if with_echoes(plan, server, ids) else 0
    finally:
        server.stop()
