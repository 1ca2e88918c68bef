"""The hot paths by themselves: time by Google Benchmark, instructions by callgrind."""

import re
import subprocess

from places import BUILD
from peers import need

PROGRAM = BUILD / "bench" / "bench-micro"


def instructions_each(name, few=20):
    """Instructions of one more run: the difference of two counts, so that start-up does not matter."""
    counts = []
    for times in (few, 3 * few):
        done = subprocess.run([need("valgrind", "valgrind"), "--tool=callgrind", "--callgrind-out-file=/dev/null", PROGRAM, "count", name, str(times)],
                              capture_output=True, text=True, timeout=600)
        counts.append(int(re.search(r"Collected : (\d+)", done.stderr).group(1)))
    return (counts[1] - counts[0]) / (2 * few)


def callgrind():
    listed = subprocess.run([PROGRAM, "list"], capture_output=True, text=True, check=True).stdout
    ours = {}
    print(f"{'path':<18} {'instructions':>13} {'ours to it':>11}")
    for line in listed.splitlines():
        name, about = line.split("\t")
        count = instructions_each(name)
        group, whose = name.split("/")
        if whose == "ours":
            ours[group] = count
        ratio = "" if whose == "ours" else f"{ours[group] / count:.2f}"
        print(f"{name:<18} {count:>13,.0f} {ratio:>11}  {about}", flush=True)
    return 0


def run(what):
    if what == "callgrind":
        return callgrind()
    return subprocess.run([PROGRAM, "--benchmark_min_time=0.5", "--benchmark_repetitions=5", "--benchmark_report_aggregates_only=true"]).returncode
