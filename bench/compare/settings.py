"""Settings of PostgreSQL and of the kernel, each tried on and off in turns, sorted by what it gains. synchronous_commit stays on: what is
acknowledged is on disk."""

import glob
import os
import pathlib

import peers
from data import serving
from load import load, scenario, scenario_file
from places import ROOT, Trouble, say
from postgres import settings as recommended
from processes import family, stop_all
from publish import put
from rounds import OutOfTime, alternate, record
from table import Table

PAGE = ROOT / "docs" / "deploy.md"
THP = "/sys/kernel/mm/transparent_hugepage/enabled"
GOVERNOR = "/sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"
HUGE_PAGE_MB = 2


def kernel(name):
    return "/proc/sys/" + name.replace(".", "/")


def candidates():
    """name → (off, on): values by PostgreSQL's setting, by file of the kernel, or `cores` of our processes. Of the kernel only what goes back by
    being written back: vm.dirty_*_bytes and _ratio, which put each other to 0, do not."""
    ours = recommended()
    buffers = ours["shared_buffers"]
    pages = str(int(int(buffers.removesuffix("MB")) * 1.15) // HUGE_PAGE_MB)
    return {
        f"shared_buffers: 128MB → {buffers}": ({"shared_buffers": "128MB"}, {"shared_buffers": buffers}),
        "wal_compression: off → pglz": ({"wal_compression": "off"}, {"wal_compression": "pglz"}),
        "wal_compression: off → lz4": ({"wal_compression": "off"}, {"wal_compression": "lz4"}),
        "commit_delay: 0 → 100 µs": ({"commit_delay": "0"}, {"commit_delay": "100"}),
        "max_wal_size, checkpoint_timeout: 1GB, 5min → 4GB, 15min": ({"max_wal_size": "1GB", "checkpoint_timeout": "5min"},
                                                                   {"max_wal_size": "4GB", "checkpoint_timeout": "15min"}),
        "huge_pages: off → on": ({"huge_pages": "off"}, {kernel("vm.nr_hugepages"): pages, "huge_pages": "on"}),
        "jit: on → off": ({"jit": "on"}, {"jit": "off"}),
        "random_page_cost: 4 → 1.1": ({"random_page_cost": "4"}, {"random_page_cost": "1.1"}),
        "effective_io_concurrency: 1 → 100": ({"effective_io_concurrency": "1"}, {"effective_io_concurrency": "100"}),
        "max_connections: 100 → 500": ({"max_connections": "100"}, {"max_connections": "500"}),
        "transparent huge pages: never → always": ({THP: "never"}, {THP: "always"}),
        "roles pinned: no → a core each": ({"cores": "all"}, {"cores": "one"}),
        "net.core.somaxconn: 128 → 4096": ({kernel("net.core.somaxconn"): "128"}, {kernel("net.core.somaxconn"): "4096"}),
        "net.ipv4.tcp_max_syn_backlog: 128 → 4096": ({kernel("net.ipv4.tcp_max_syn_backlog"): "128"}, {kernel("net.ipv4.tcp_max_syn_backlog"): "4096"}),
        "net.ipv4.tcp_tw_reuse: 0 → 1": ({kernel("net.ipv4.tcp_tw_reuse"): "0"}, {kernel("net.ipv4.tcp_tw_reuse"): "1"}),
        "net.ipv4.tcp_slow_start_after_idle: 1 → 0": ({kernel("net.ipv4.tcp_slow_start_after_idle"): "1"}, {kernel("net.ipv4.tcp_slow_start_after_idle"): "0"}),
        "net.core.busy_read: 0 → 50 µs": ({kernel("net.core.busy_read"): "0"}, {kernel("net.core.busy_read"): "50"}),
        "kernel.sched_autogroup_enabled: 1 → 0": ({kernel("kernel.sched_autogroup_enabled"): "1"}, {kernel("kernel.sched_autogroup_enabled"): "0"}),
        "CPU governor: schedutil → performance": ({GOVERNOR: "schedutil"}, {GOVERNOR: "performance"}),
    }


def value_of(file):
    """What the kernel says; of several in a row, the one in brackets."""
    text = pathlib.Path(file).read_text()
    return text[text.index("[") + 1:text.index("]")] if "[" in text else text.strip()


class Impossible(Exception):
    """This machine, or whom we run as, does not allow it."""


class Bench:
    """The stack under test, and how its settings are changed. What was changed of the kernel is put back at the end."""

    def __init__(self, server):
        self.server, self.stack, self.before = server, [], {}
        self.tried = {name for pair in candidates().values() for side in pair for name in side if "/" not in name and name != "cores"}

    def start(self):
        """PostgreSQL without the settings that are tried on its command line, where nothing could change them; they are set as people set them."""
        self.server.stop()
        self.server.leave_out = self.tried
        self.server.start()
        self.reset()
        self.stack = peers.our_stack(self.server)
        self.at_once = set(self.server.sql("postgres", "select name from pg_settings where context <> 'postmaster';").split())

    def reset(self):
        values = {name: value for name, value in recommended().items() if name in self.tried}
        self.server.sql("postgres", "alter system reset all;\n" + "".join(f"alter system set {name} = '{value}';\n" for name, value in values.items()))
        self.restart()

    def restart(self):
        self.server.stop()
        self.server.start()
        for process in self.stack:
            peers.await_status(process, "/ready", [200])

    def write(self, pattern, value):
        files = glob.glob(pattern)
        if not files:
            raise Impossible("this kernel has no such setting")
        for name in files:
            file = pathlib.Path(name)
            try:
                before = value_of(name)
                file.write_text(value)
                self.before.setdefault(name, before)
            except OSError as e:
                raise Impossible("it needs root" if os.getuid() != 0 else f"this machine does not let it be changed ({e.strerror})") from None

    def put_on_cores(self, which):
        cores = sorted(os.sched_getaffinity(0))
        for i, process in enumerate(self.stack):
            os.sched_setaffinity(process.pid, {cores[i % len(cores)]} if which == "one" else set(cores))
        for pid in family(self.server.process.pid):
            os.sched_setaffinity(pid, {cores[-1]} if which == "one" else set(cores))

    def apply(self, values):
        of_server = {name: value for name, value in values.items() if name in self.tried}
        for name, value in values.items():
            if "/" in name:
                self.write(name, value)
            elif name == "cores":
                self.put_on_cores(value)
        if any("/net/" in name for name in values):  # what listens takes it over when it begins to listen
            stop_all(self.stack)
            self.stack = peers.our_stack(self.server)
        if not of_server:
            return
        self.server.sql("postgres", "".join(f"alter system set {name} = '{value}';\n" for name, value in of_server.items()) + "select pg_reload_conf();")
        if not set(of_server) <= self.at_once:
            try:
                self.restart()
            except Trouble:
                self.server.stop()
                (self.server.data / "postgresql.auto.conf").write_text("")
                self.server.start()
                raise Impossible("PostgreSQL does not start with it here") from None

    def after(self, off):
        """As it was before a setting was tried."""
        if "cores" in off:
            self.put_on_cores("all")
        self.put_back()
        if self.tried & set(off):
            self.reset()

    def put_back(self):
        for name, value in self.before.items():
            try:
                pathlib.Path(name).write_text(value)
            except OSError:
                pass  # looked at next
            if value_of(name) != value:
                say(f"bench: {name} is {value_of(name)} and could not be put back to {value}: do it by hand")
        self.before = {}

    def end(self):
        stop_all(self.stack)
        self.put_back()
        self.server.sql("postgres", "alter system reset all;")
        self.server.leave_out = set()
        self.server.stop()


def measure(bench, plan, ids, votes, figures, on, values):
    """One side of one round: reads, then votes."""
    bench.apply(values)
    reads, cpu, writes = figures
    options = {"closed": True, "connections": 64, "set": {"products": ids["products"]}}
    port, billed = bench.stack[-1].port, [*bench.stack, bench.server.process]
    load(port, "reads", plan.warm_up, seed=4711, **options)
    run = load(port, "reads", plan.seconds, billed, seed=1 + len(reads.ours), **options)
    voted = load(port, votes, plan.seconds, connections=256, seed=1 + len(reads.ours))
    record(reads, on, run, run.rate)
    record(cpu, on, run, run.cpu_us)
    record(writes, on, voted, voted.rate)


HEAD = ["setting", "reads a second", "CPU a read", "votes a second", "errors"]


def rows(done, impossible):
    """Sorted by the larger of what reads and votes gain; then what could not be tried."""
    def ratio(figure):
        low, high = figure.spread()
        return f"× {figure.measured():.2f} ({low:.2f}–{high:.2f})"

    measured = {name: figures for name, figures in done.items() if all(f.ours and f.theirs for f in figures)}
    better = lambda name: max(measured[name][0].measured(), measured[name][2].measured())
    for name in sorted(measured, key=better, reverse=True):
        yield [name, *map(ratio, measured[name]), str(sum(f.errors + f.peer_errors for f in measured[name][::2]))]
    for name, why in impossible.items():
        yield [name, why, "", "", ""]


def as_text(all_rows):
    widths = [max(len(r[i]) for r in [HEAD, *all_rows] if i == 0 or r[2] or r is HEAD) for i in range(len(HEAD))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(r, widths)).rstrip() for r in [HEAD, *all_rows])


def as_markdown(all_rows):
    return "\n".join("| " + " | ".join(r) + " |" for r in [HEAD, ["---"] * len(HEAD), *all_rows])


def publish(table, all_rows, command, plan, products):
    facts = table.facts()
    about = (f"`{command}`, commit {facts['commit']}, {facts['date']}, on {facts['machine']}, {products:,} products: medians of {plan.rounds}, the setting on over off, in turns, least and "
             "most in brackets; all other settings as the bench's own database has them (shared_buffers a sixth of the memory, wal_compression lz4, wal_level minimal). What lies within the spread of 1 is no gain.\n\n")
    PAGE.write_text(put(PAGE.read_text(), "settings", about + as_markdown(all_rows)))
    print(f"published in {PAGE.relative_to(ROOT)}")


def run(plan, products, to_publish, command):
    plan, table, done, impossible, code = plan.in_short_rounds(2), Table(), {}, {}, 0
    server, ids = serving(products)
    any_review = scenario("votes")
    any_review["values"]["review"] = {"law": "uniform", "first": 1, "last": ids["reviews"]}
    votes, bench = scenario_file("votes", any_review), Bench(server)
    try:
        bench.start()
        for name, (off, on) in candidates().items():
            say(f"== settings: {name}")
            figures = [table.add(f"{name}: {what}", what, unit, None, None, peer="off")
                       for what, unit in (("reads", "/s"), ("cpu", "µs"), ("votes", "/s"))]
            try:
                alternate(plan, name, [lambda: measure(bench, plan, ids, votes, figures, True, on),
                                       lambda: measure(bench, plan, ids, votes, figures, False, off)])
                done[name] = figures
            except Impossible as e:
                impossible[name] = str(e)
                say(f"  {e}")
            bench.after(off)
    except (KeyboardInterrupt, OutOfTime):
        say("ended early: the table holds what was measured by then")
        code = 130
    finally:
        bench.end()
    all_rows = list(rows(done, impossible))
    print(as_text(all_rows))
    print(f"\nalso in {table.write('settings')}")
    if to_publish and code:
        say("not published: not all of it was measured")
    elif to_publish:
        publish(table, all_rows, command, plan, products)
    return code
