"""atelier lb, nginx and HAProxy (one worker or thread each, keep-alive on both sides, no access log) over one upstream of 1.5 KB answers."""

import json
import os
import signal
import statistics
import subprocess
import time

import peers
from idle import resting
from load import load
from places import ATELIER, BENCH, UPSTREAM, Trouble, say
from processes import Process, allow_files, family, free_ports, private_bytes, run_first, stop_all
from rounds import Undisturbed, alternate, record, record_doubts

PROXY_CORE, REST_CORE = 0, 1
IDLE_WANTED = 10_000


class House:
    """The upstream and the three proxies, all running; each is loaded in its turn."""

    def __init__(self, core=PROXY_CORE, rest=REST_CORE):
        self.made = []
        try:
            # Three upstream addresses, as there are three workers; one process each would only cost a core that is not there.
            port = free_ports(1)[0]
            self.upstream = Process("upstream", [UPSTREAM, port, 1500], core=rest).wait_for_port(port)
            self.made.append(self.upstream)
            self.upstream.port = port
            self.ours = peers.proxy([port], core=core, more=["--connections-max", 12_000])
            self.made.append(self.ours)
            self.rivals = {"nginx": peers.nginx_proxy("proxy", [port], core=core, keepalive=1024)}
            self.made.append(self.rivals["nginx"])
            self.rivals["HAProxy"] = peers.haproxy([port], core=core)
            self.made.append(self.rivals["HAProxy"])
        except BaseException:
            stop_all(self.made)
            raise

    def all(self):
        return {"ours": self.ours, **self.rivals}

    def stop(self):
        stop_all(self.made)


def put(figure, name, value, run, better):
    if name == "ours":
        record(figure, True, run, value)
        return
    figure.rival(name, value, run.errors, better)
    if run.errors and run.examples:
        figure.note(f"{name} failed, for example: {run.examples[0]}")
    record_doubts(figure, name, run)


def throughput(table, plan):
    house, short = House(), plan.in_short_rounds()
    peaks = {}
    try:
        for connections, cpu_bound, rate_bound in ((64, 0.85, 1.0), (512, 0.9, 1.05)):
            cpu = table.add(f"proxy-cpu-{connections}", f"CPU a proxied request, {connections} connections", "µs", "≤", cpu_bound)
            rate = table.add(f"proxy-rate-{connections}", f"answers a second, {connections} connections", "/s", "≥", rate_bound)

            def measure(name, process):
                load(process.port, "/", short.warm_up, core=REST_CORE, closed=True, connections=connections)
                run = load(process.port, "/", short.seconds, [process], core=REST_CORE, closed=True, connections=connections)
                put(cpu, name, run.cpu_us, run, min)
                put(rate, name, run.rate, run, max)
            alternate(short, f"{connections} connections", [lambda n=n, p=p: measure(n, p) for n, p in house.all().items()])
            peaks[connections] = max(statistics.median(v) for v in rate.rivals.values())
    finally:
        house.stop()
    tail(table, plan, peaks[64] / 2)


def tail(table, plan, rate):
    """Nobody is saturated here, so nobody is bound to a core: generator and upstream on one would be its queue, and that the tail."""
    figure = table.add("proxy-p99", f"p99 at half of the peers' peak ({rate:,.0f}/s), open loop", "ms", "≤", 1.0)
    short, undisturbed = plan.in_short_rounds(), Undisturbed()
    house = House(core=None, rest=None)
    try:
        taking_part = [house.upstream, *house.all().values()]
        if not all(run_first(pid) for process in taking_part for pid in family(process.pid)):
            figure.note("under the ordinary scheduler (another one takes root), so its time slices are in these tails")

        def measure(name, process):
            load(process.port, "/", short.warm_up, first=True, rate=round(rate), connections=64)
            run = undisturbed.run(lambda: load(process.port, "/", short.seconds, first=True, rate=round(rate), connections=64))
            put(figure, name, run.latency_ms["p99"], run, min)
        alternate(short, "p99", [lambda n=n, p=p: measure(n, p) for n, p in house.all().items()])
        undisturbed.note(figure)
    finally:
        house.stop()


def idle_memory(table, plan):
    # A proxy keeps two descriptors for each client that might ask.
    idle = min(IDLE_WANTED, allow_files(65536) // 2 - 100)
    figure = table.add("proxy-idle", f"memory an idle client connection, {idle:,} of them", "bytes", "≤", 1.0)
    if idle < IDLE_WANTED:
        figure.note(f"no more than {idle:,}: the limit of open files")
    for i in range(plan.rounds):
        plan.check()
        say(f"  idle connections: round {i + 1} of {plan.rounds}")
        house = House()
        try:
            for name, process in house.all().items():
                before = private_bytes([process])
                with resting(process.port, idle):
                    value = (private_bytes([process]) - before) / idle
                if name == "ours":
                    figure.ours.append(value)
                else:
                    figure.rival(name, value, 0, min)
        finally:
            house.stop()
    if "HAProxy" in figure.rivals:  # the target names it; nginx is for comparison
        figure.theirs, figure.peer = figure.rivals["HAProxy"], "HAProxy"


def reloads(table, plan):
    figure = table.add("proxy-reload", "errors over 50 reloads and 10 takeovers under load", "", "≤", 0, kind="value")
    if not peers.has_option("lb", "--takeover"):
        figure.note("this build of `atelier lb` has no --takeover yet")
        return
    port = free_ports(1)[0]
    upstream = Process("upstream", [UPSTREAM, port, 1500]).wait_for_port(port)
    made = [upstream]
    try:
        control = ["--control", os.path.join(os.path.dirname(str(upstream.log)), "lb-control")] if peers.has_option("lb", "--control") else []
        now = peers.proxy([port], more=control)
        made.append(now)
        listen = now.port
        words = [str(BENCH), "run", "--get", "/", "--url", f"http://127.0.0.1:{listen}", "--rate", "2000", "--for", "20s", "--connections", "64", "--json", "-"]
        running = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        time.sleep(1)
        for i in range(60):
            if i % 6 == 5:
                after = Process(f"lb-{i}", [ATELIER, "lb", "--listen", f"127.0.0.1:{listen}", "--worker", f"127.0.0.1:{port}", *control, "--takeover"])
                made.append(after)
                time.sleep(0.5)
                after.check()
                now = after
            else:
                os.kill(now.pid, signal.SIGHUP)
                time.sleep(0.2)
                now.check()
        report = json.loads(running.communicate(timeout=120)[0])
        figure.ours.append(report["whole"]["errors"])
        figure.errors = report["whole"]["errors"]
        figure.note("; ".join([f"{report['whole']['answered']:,} answered", *report["examples"]]))
    finally:
        stop_all(made)


PARTS = {"throughput": throughput, "idle": idle_memory, "reloads": reloads}


def compare(table, plan, products, parts):
    for name in parts or PARTS:
        say(f"== proxy: {name}")
        PARTS[name](table, plan)
