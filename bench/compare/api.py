"""The API worker and the whole stack, against nginx's static file, Express × 3 and pgbench."""

import os
import statistics
import subprocess
import time
import urllib.request

import peers
from data import HEAVY, at_home, serving
from idle import resting
from load import load, scenario, scenario_file, settle
from places import STATEMENTS, Trouble, WORK, say
from processes import allow_files, private_bytes, resident_mib, stop_all
from rounds import Undisturbed, alternate, record

SERVER_CORE, CLIENT_CORE = 0, 1
READ_CONNECTIONS = 64
IDLE_WANTED = 10_000
WORKERS_SETTINGS = {"search_path": "atelier", "plan_cache_mode": "force_generic_plan", "jit": "off", "enable_memoize": "off"}


def answer_of_size(port, wanted):
    """The target whose answer's body is nearest to so many bytes, and the body."""
    best = None
    for product in range(1, 120):
        for count in (2, 5):
            target = f"/reviews/?product_id={product}&count={count}"
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{target}", timeout=10) as answer:
                body = answer.read()
            if best is None or abs(len(body) - wanted) < abs(len(best[1]) - wanted):
                best = target, body
    return best


def cached_answer(table, plan, server, ids):
    one = table.add("cached", "CPU a cached answer of 1.5 KB", "µs", "≤", 0.7, peer="nginx static")
    sixteen = table.add("cached-pipelined", "the same, 16 pipelined", "µs", "≤", 0.35, peer="nginx static")
    cached = peers.has_option("api", "--cache-mb")
    if not cached:
        one.note("this build has no cache: every answer came from the database")
    ours = peers.worker(server, cache_mb=64 if cached else 0, core=SERVER_CORE)
    target, body = answer_of_size(ours.port, 1500)
    static = peers.nginx_static(body, core=SERVER_CORE)
    plan = plan.in_short_rounds()
    one.note(f"body of {len(body)} bytes, 64 connections, server and generator a core each, server saturated")
    try:
        for figure, pipeline in ((one, 1), (sixteen, 16)):
            def measure(ours_now, process, where):
                load(process.port, where, plan.warm_up, core=CLIENT_CORE, closed=True, connections=64, pipeline=pipeline)
                billed = [process] if cached or not ours_now else [process, server.process]
                run = load(process.port, where, plan.seconds, billed, core=CLIENT_CORE, closed=True, connections=64, pipeline=pipeline)
                record(figure, ours_now, run, run.cpu_us)
            alternate(plan, figure.name, [lambda: measure(True, ours, target), lambda: measure(False, static, "/answer.json")])
    finally:
        stop_all([ours, static])


def beside_idle_clients(table, plan, server, ids):
    idle = min(IDLE_WANTED, allow_files(65536) - 1000)
    memory = table.add("idle", f"memory an idle connection of a worker, {idle:,} of them", "bytes", None, None, kind="value")
    speed = table.add("idle-speed", f"CPU a cached answer of 1.5 KB beside {idle:,} idle connections", "µs", None, None, peer="beside none")
    options = {"core": CLIENT_CORE, "closed": True, "connections": 64}

    def one_more():
        return peers.worker(server, cache_mb=64, core=SERVER_CORE, more=["--idle-timeout", "60m"])

    for i in range(plan.rounds):  # each with a worker that has had no such clients before
        plan.check()
        say(f"  idle connections: round {i + 1} of {plan.rounds}")
        p = one_more()
        try:
            load(p.port, "/live", plan.warm_up, **options)
            before = private_bytes([p])
            with resting(p.port, idle, "/live"):
                memory.ours.append((private_bytes([p]) - before) / idle)
        finally:
            p.stop()
    crowded, empty = one_more(), one_more()
    plan = plan.in_short_rounds()
    try:
        target, _ = answer_of_size(crowded.port, 1500)

        def measure(ours_now, process):
            load(process.port, target, plan.warm_up, **options)
            run = load(process.port, target, plan.seconds, [process], **options)
            record(speed, ours_now, run, run.cpu_us)
        with resting(crowded.port, idle, "/live"):
            alternate(plan, speed.name, [lambda: measure(True, crowded), lambda: measure(False, empty)])
    finally:
        stop_all([crowded, empty])


def put_memory(figure, beyond_cache_mib):
    """Less than the cache alone may hold: it never was full, and nothing is known of what a worker takes beside a full one."""
    figure.ours.append(beyond_cache_mib)
    figure.tried = statistics.median(figure.ours) > 0
    if beyond_cache_mib <= 0:
        figure.note("the cache did not fill: it is larger than what was read of this much data")


def reads_over_stack(table, plan, server, ids):
    uniform = table.add("stack-uniform", "CPU a uniform read, whole stack, cache off", "µs", "≤", 1 / 14, peer="Express × 3")
    popular = table.add("stack-zipf", "CPU a read by Zipf's law, cache of 256 MB", "µs", "≤", 1 / 25, peer="Express × 3")
    rate = table.add("stack-rate", "answers a second, uniform, closed loop of 64", "/s", None, None, peer="Express × 3")
    memory = {0: table.add("memory", "resident memory of a worker, highest, no cache", "MiB", "≤", 40, kind="value"),
              256: table.add("memory-cached", "the same with 256 MB of cache, beyond it", "MiB", "≤", 40, kind="value")}
    peer, short = peers.express_stack(server), plan.in_short_rounds(2)
    try:
        settle(peer, plan, "reads", times=5, set={"products": ids["products"]})
        for figure, name, cache in ((uniform, "reads", 0), (popular, "popular", 256)):
            if cache and not peers.has_option("api", "--cache-mb"):
                figure.note("this build has no cache")
                cache = 0
            ours = peers.our_stack(server, cache)
            try:
                def measure(ours_now, stack):
                    options = {"closed": True, "connections": READ_CONNECTIONS, "set": {"products": ids["products"]}}
                    at_home(server, "atelier" if ours_now else "express")
                    load(stack[-1].port, name, short.warm_up, seed=int(time.time()), **options)
                    run = load(stack[-1].port, name, short.seconds, [*stack, server.process], seed=1 + len(figure.ours), **options)
                    record(figure, ours_now, run, run.cpu_us)
                    if name == "reads":
                        record(rate, ours_now, run, run.rate)
                    if ours_now:
                        put_memory(memory[cache], max(resident_mib(p)[1] for p in stack[:-1]) - cache * 1e6 / 2**20)
                settle(ours, plan, name, times=25 if cache else 5, set={"products": ids["products"]})
                alternate(short, figure.name, [lambda: measure(True, ours), lambda: measure(False, peer)])
            finally:
                stop_all(ours)
    finally:
        stop_all(peer)


def large_answers(table, plan, server, ids):
    figure = table.add("memory-large", "resident memory of a worker after a burst of 5 MB answers", "MiB", "≤", 40, kind="value")
    product = ids["products"] + HEAVY[-1][0]
    answered, highest = 0, 0
    for _ in range(plan.rounds):
        plan.check()
        p = peers.worker(server)
        try:
            run = load(p.port, f"/reviews/?product_id={product}&count=1000000", plan.seconds, closed=True, connections=8)
            time.sleep(2)
            load(p.port, "/reviews/?product_id=1", 1, closed=True, connections=8)
            now, most = resident_mib(p)
            record(figure, True, run, now)
            answered, highest = answered + run.answered, max(highest, most)
        finally:
            p.stop()
    figure.note(f"{answered} answers on 8 connections; highest {highest:.0f} MiB meanwhile")


def pgbench_rate(server, folder, weights, clients, seconds):
    words = [server.bin / "pgbench", "-n", "-M", "prepared", "-c", clients, "-j", 1, "-T", seconds, "-h", server.socket, "-U", "postgres"]
    for name, weight in weights.items():
        words += ["-f", f"{folder / name}.sql@{weight}"]
    done = subprocess.run([str(w) for w in [*words, "atelier"]], capture_output=True, text=True, timeout=seconds + 60,
                          env={**os.environ, "PGOPTIONS": " ".join(f"-c {name}={value}" for name, value in WORKERS_SETTINGS.items())})
    for line in done.stdout.splitlines() if done.returncode == 0 else ():  # else a client gave up: its figure is of the others
        if line.startswith("tps = "):
            return float(line.split()[2])
    raise Trouble(f"pgbench: {done.stderr.strip()[-500:]}")


def against_pgbench(table, plan, server, ids):
    short = plan.in_short_rounds(3)
    figure = table.add("pgbench", "answers a second of one worker, cache off", "/s", "≥", 1.2, peer="pgbench")
    folder = WORK / "pgbench"
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([STATEMENTS, folder, str(ids["products"]), str(ids["questions"])], check=True)
    weights = {"reviews_relevant": 4, "meta": 3, "questions": 2, "answers": 1}
    best = max((4, 8, 16, 32), key=lambda clients: pgbench_rate(server, folder, weights, clients, max(1, plan.seconds // 3)))
    connections = (16, 64, 256)
    ours = peers.worker(server)
    options = {"closed": True, "set": {"products": ids["products"]}}
    try:
        most = max(connections, key=lambda n: load(ours.port, "reads", max(1, plan.seconds // 3), connections=n, **options).rate)
        figure.note(f"pgbench -M prepared with {best} clients (its best of 4, 8, 16, 32), our worker with {most} client connections (best of 16, 64, 256)")

        def measure():
            run = load(ours.port, "reads", short.seconds, connections=most, seed=1 + len(figure.ours), **options)
            record(figure, True, run, run.rate)
        alternate(short, figure.name, [measure, lambda: figure.theirs.append(pgbench_rate(server, folder, weights, best, round(short.seconds)))])
    finally:
        ours.stop()


def votes(table, plan, server, ids):
    spread = table.add("votes", "PUT helpful a second, any review, durable", "/s", "≥", 5, peer="Express × 3")
    hot = table.add("votes-hot", "PUT helpful a second, one hot review, durable", "/s", "≥", 10, peer="Express × 3")
    any_review = scenario("votes")
    any_review["values"]["review"] = {"law": "uniform", "first": 1, "last": ids["reviews"]}
    one_review = {**any_review, "values": {"review": {"law": "fixed", "first": 17}}}
    ours, peer = [], []
    try:
        ours, peer = peers.our_stack(server), peers.express_stack(server)
        for stack in (ours, peer):
            settle(stack, plan, scenario_file("votes", any_review))
        for figure, file in ((spread, scenario_file("votes", any_review)), (hot, scenario_file("votes-hot", one_review))):
            def measure(ours_now, stack):
                load(stack[-1].port, file, plan.warm_up, connections=256, seed=int(time.time()))
                run = load(stack[-1].port, file, plan.seconds, connections=256, seed=1 + len(figure.ours))
                record(figure, ours_now, run, run.rate)
            alternate(plan, figure.name, [lambda: measure(True, ours), lambda: measure(False, peer)])
    finally:
        stop_all([*ours, *peer])


def latency(table, plan, server, ids):
    figure = table.add("p99", "p99 at 1,500 reads a second, open loop", "ms", "≤", 1 / 5, peer="Express × 3")
    ours, peer, undisturbed = [], [], Undisturbed()
    try:
        ours, peer = peers.our_stack(server), peers.express_stack(server)
        for stack in (ours, peer):
            settle(stack, plan, "reads", set={"products": ids["products"]})

        plan = plan.in_short_rounds()

        def measure(ours_now, stack):
            options = {"rate": 1500, "connections": READ_CONNECTIONS, "set": {"products": ids["products"]}, "first": True}
            at_home(server, "atelier" if ours_now else "express")
            load(stack[-1].port, "reads", plan.warm_up, seed=int(time.time()), **options)
            run = undisturbed.run(lambda: load(stack[-1].port, "reads", plan.seconds, seed=1 + len(figure.ours), **options))
            record(figure, ours_now, run, run.latency_ms["p99"])
        alternate(plan, figure.name, [lambda: measure(True, ours), lambda: measure(False, peer)])
        undisturbed.note(figure)
    finally:
        stop_all([*ours, *peer])


PARTS = {"cached": cached_answer, "idle": beside_idle_clients, "stack": reads_over_stack, "large": large_answers, "pgbench": against_pgbench, "votes": votes, "latency": latency}


def compare(table, plan, products, parts):
    server, ids = serving(products)
    try:
        for name in parts or PARTS:
            say(f"== api: {name}")
            server.calm()  # what the last part has written is on the disk, not on its way there
            PARTS[name](table, plan, server, ids)
        every = table.add("errors", "errors of ours in all of these", "", "≤", 0, kind="value")
        every.ours.append(sum(f.errors for f in table.figures))
    finally:
        server.stop()
