"""One run of atelier-bench, and what it cost the servers."""

import json
import os
import subprocess

from places import BENCH, Trouble, WORK
from processes import cpu_seconds, machine_seconds, run_first


class Run:
    """Figures of one run."""

    def __init__(self, report, cpu, busy, machine):
        whole = report["whole"]
        self.answered, self.errors, self.rate = whole["answered"], whole["errors"], whole["rate"]
        self.latency_ms = whole["latency_ms"]
        self.cpu_us = cpu * 1e6 / self.answered if self.answered else None  # as latencies: nothing answered, nothing measured
        self.bytes_each = whole["bytes"] / max(1, self.answered)
        # Cores that each of `groups` kept busy, and the generator, and everybody else on this machine.
        self.busy = {**{name: seconds / report["seconds"] for name, seconds in busy.items()}, "generator": report["generator"]["cpu_share"]}
        self.busy["others"] = max(0.0, machine / report["seconds"] - sum(self.busy.values()))
        self.late_ms = report["generator"]["late_ms"]["p99"]  # of starts, by the generator's own fault; None: of a closed loop
        self.doubts = report["generator"]["doubts"]
        self.examples = report["examples"]


def scenario(name):
    return json.loads(subprocess.run([BENCH, "show", name], capture_output=True, text=True, check=True).stdout)


def scenario_file(name, content):
    WORK.joinpath("scenarios").mkdir(parents=True, exist_ok=True)
    file = WORK / "scenarios" / f"{name}.json"
    file.write_text(json.dumps(content))
    return file


def load(port, what, seconds, processes=(), core=None, groups=None, first=False, **options):
    """Runs it: `what` is a scenario's name, a file (a Path), or a target that begins with /. Options as atelier-bench has them, _ for -.
    `groups`: {name: processes} whose share of the cores is wanted beside. `first`: no ordinary program makes the generator late (run_first)."""
    words = [str(BENCH), "run", "--url", f"http://127.0.0.1:{port}", "--for", f"{seconds}s", "--warm-up", "0s", "--json", "-"]
    words += ["--get", what] if isinstance(what, str) and what.startswith("/") else [str(what)]
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            words.append(flag)
        elif isinstance(value, dict):
            words += [w for k, v in value.items() for w in (flag, f"{k}={v}")]
        elif value is not None:
            words += [flag, str(value)]

    def pin():
        if core is not None and (os.cpu_count() or 1) > core:
            os.sched_setaffinity(0, {core})
        if first:
            run_first(0)

    groups = groups or {}
    before, before_each, machine = cpu_seconds(processes), {name: cpu_seconds(g) for name, g in groups.items()}, machine_seconds()
    done = subprocess.run(words, capture_output=True, text=True, timeout=seconds + 60, preexec_fn=pin)
    cpu, busy = cpu_seconds(processes) - before, {name: cpu_seconds(g) - before_each[name] for name, g in groups.items()}
    machine = machine_seconds() - machine
    if done.returncode not in (0, 3) or not done.stdout:
        raise Trouble(f"atelier-bench: {done.stderr.strip()}")
    return Run(json.loads(done.stdout), cpu, busy, machine)


def settle(stack, plan, what, times=1, **options):
    """Before anything is measured: node compiles, ninety fresh backends read their catalogues, map the pages of PostgreSQL's memory one by
    one and fill it (at full size two page faults and 0.7 blocks from the kernel a read at first, 0.05 and 0.14 after a minute, for 60 % of
    the CPU), caches fill (which takes them a few million reads) and keep what is worth it."""
    load(stack[-1].port, what, max(6, times * plan.seconds), closed=True, connections=128, seed=4711, **options)
