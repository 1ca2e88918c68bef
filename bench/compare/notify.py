"""What announcing its changes costs a write: votes a second by pgbench, durable, with NOTIFY and without, one a commit and many."""

import os
import statistics
import subprocess

import peers
from data import serving
from places import Trouble, WORK, say

CLIENTS = (1, 8, 32)
A_COMMIT = (1, 16)  # votes

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


def run(plan, products):
    server, ids = serving(products)
    worker = None
    try:
        worker = peers.worker(server, cache_mb=16)  # who listens
        rates = {}
        for round_ in range(plan.rounds):
            say(f"round {round_ + 1} of {plan.rounds}")
            for votes in A_COMMIT:
                for clients in CLIENTS:
                    for announces in (False, True) if round_ % 2 == 0 else (True, False):
                        plan.check()
                        rate = commits_a_second(server, script(votes, announces, ids["reviews"]), clients, plan.seconds)
                        rates.setdefault((votes, clients, announces), []).append(votes * rate)
        print(f"{'votes a commit':>14} {'clients':>8} {'votes/s silent':>15} {'with NOTIFY':>12} {'ratio':>6}")
        for votes in A_COMMIT:
            for clients in CLIENTS:
                silent, told = (statistics.median(rates[votes, clients, a]) for a in (False, True))
                print(f"{votes:>14} {clients:>8} {silent:>15,.0f} {told:>12,.0f} {told / silent:>6.2f}")
    finally:
        if worker:
            worker.stop()
        server.stop()
    return 0
