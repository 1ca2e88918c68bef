"""The units, looked at by systemd-analyze where no systemd runs, and the settings that come with them."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import urllib.request

from run import Skipped
from supervision import PATIENCE_S, Systemd, Worker, free_port, running_database

SERVICES = ["atelier-api@.service", "atelier-lb.service", "atelier-etl.service"]


def analyze(*words):
    if not shutil.which("systemd-analyze"):
        raise Skipped("there is no systemd-analyze (apt-get install systemd)")
    return subprocess.run(["systemd-analyze", "--no-pager", *[str(w) for w in words]], capture_output=True, text=True, timeout=60)


def folder(places):
    return places.root / "app/package"


def test_what_each_service_may_do_is_worth_less_than_two(places):
    for service in SERVICES:
        done = analyze("security", "--offline=true", "--threshold=20", folder(places) / "units" / service)
        assert done.returncode == 0, done.stdout[-300:] + done.stderr
        assert float(re.search(r"exposure level for .*: ([\d.]+) ", done.stdout).group(1)) < 2.0


def test_the_sandbox_is_the_same_in_each_service(places):
    texts = [(folder(places) / "units" / service).read_text() for service in SERVICES]
    boxes = {re.search(r"^# What it may not do.*?^UMask=\d+$", text, re.M | re.S).group() for text in texts}
    assert len(boxes) == 1


def laid_out(places):
    """The units as an administrator has them, with the built program in the place of the installed one."""
    for file in [*(folder(places) / "units").iterdir(), folder(places) / "examples/atelier-etl.timer"]:
        (places.scratch / file.name).write_text(file.read_text().replace("/usr/bin/atelier", str(places.program)))
    (places.scratch / "atelier-api@3001.service").symlink_to("atelier-api@.service")
    for example, unit in [("low-port.conf", "atelier-lb.service"), ("one-core.conf", "atelier-api@3001.service")]:
        (places.scratch / f"{unit}.d").mkdir()
        shutil.copy(folder(places) / "examples" / example, places.scratch / f"{unit}.d")
    return ["atelier-api@3001.service", "atelier-lb.service", "atelier-lb.socket", "atelier-etl.service", "atelier-etl.timer"]


def test_systemd_understands_every_line_of_the_units_and_examples(places):
    names = laid_out(places)
    done = analyze("verify", "--man=no", *[places.scratch / name for name in names])
    ours = [line for line in done.stderr.splitlines() if "atelier" in line and "is not executable" not in line]
    assert ours == [] and done.returncode == 0, done.stderr


def test_a_service_has_more_time_to_stop_than_its_program_takes(places):
    seconds = lambda text: int(re.search(r"(\d+)s", text).group(1))
    for role, service in [("api", SERVICES[0]), ("lb", SERVICES[1])]:
        unit = (folder(places) / "units" / service).read_text()
        options = subprocess.run([places.program, role, "--help"], capture_output=True, text=True).stdout
        drain = re.search(r"--drain-timeout TIME.*?default: (\d+s)", options, re.S).group(1)
        assert seconds(re.search(r"^TimeoutStopSec=.*", unit, re.M).group()) > seconds(drain)


def test_the_programs_take_the_settings_that_come_with_them(places):
    etc = folder(places) / "etc"
    with Systemd(places) as systemd:
        systemd.start("api", "--config", etc / "api.toml", "--listen", f"127.0.0.1:{free_port()}", "--db", "host=/nowhere")
        systemd.wait_for("^STATUS=listening")
        assert systemd.stop() == 0
    with Systemd(places) as systemd:
        systemd.start("lb", "--config", etc / "lb.toml", "--listen", f"127.0.0.1:{free_port()}", "--admin", f"127.0.0.1:{free_port()}",
                      "--control", places.scratch / "control")
        systemd.wait_for("^STATUS=serving on .* of 3 workers healthy$")
        assert systemd.stop() == 0
    done = subprocess.run([places.program, "etl", "load", "--config", etc / "etl.toml", places.scratch / "nothing"], capture_output=True, text=True)
    assert done.returncode == 1 and "nothing" in done.stderr, done.stderr


def until(holds):
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


# systemd's part: who is to have a signal, and that signal.
SYSTEMCTL = """#!/bin/sh
case "$*" in *--signal=HUP*"atelier-api@*.service"*atelier-lb.service*) kill -HUP $(cat "$0.processes") ;; esac
"""


def test_a_rotation_leaves_each_role_writing_to_a_new_file(places):
    if not shutil.which("logrotate"):
        raise Skipped("there is no logrotate (apt-get install logrotate)")
    logs, tools = places.scratch / "logs", places.scratch / "tools"
    logs.mkdir()
    tools.mkdir()
    (tools / "systemctl").write_text(SYSTEMCTL)
    (tools / "systemctl").chmod(0o755)
    rules = (folder(places) / "logrotate").read_text().replace("\tsu atelier atelier\n", "")
    (places.scratch / "rules").write_text(rules.replace("/var/log/atelier", str(logs)).replace("/run/systemd/system", str(tools)))
    (places.scratch / "rules").chmod(0o644)
    ports = {"api": free_port(), "lb": free_port()}

    def ask(id):
        for port in ports.values():
            request = urllib.request.Request(f"http://127.0.0.1:{port}/live", headers={"X-Request-Id": id})
            urllib.request.urlopen(request, timeout=PATIENCE_S).close()

    def tells_of(file, id):
        return file.exists() and f"request_id={id} " in file.read_text()

    def log_to(role):
        return ["--listen", f"127.0.0.1:{ports[role]}", "--access-log", "full", "--access-log-file", logs / f"{role}.log"]

    with Worker() as worker, Systemd(places) as api, Systemd(places, notify="notify-lb") as lb:
        api.start("api", "--db", "host=/nowhere", *log_to("api")).wait_for("^STATUS=listening")
        lb.start("lb", "--worker", worker.address, *log_to("lb")).wait_for("^READY=1$")
        (tools / "systemctl.processes").write_text(f"{api.process.pid} {lb.process.pid}")
        ask("before")
        until(lambda: all(tells_of(logs / f"{role}.log", "before") for role in ports))
        environment = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}"}
        words = ["logrotate", "--force", "--state", places.scratch / "state", places.scratch / "rules"]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and not done.stderr, done.stderr
        until(lambda: all((logs / f"{role}.log").exists() for role in ports))
        ask("after")
        until(lambda: all(tells_of(logs / f"{role}.log", "after") for role in ports))
        assert all(tells_of(logs / f"{role}.log.1", "before") and not tells_of(logs / f"{role}.log.1", "after") for role in ports)


def allowed_calls(unit):
    """What SystemCallFilter= of the unit leaves, groups unfolded."""
    groups, name = {}, None
    for line in analyze("syscall-filter").stdout.splitlines():
        if line.startswith("@"):
            name = line.strip()
            groups[name] = set()
        elif name and line.startswith("    ") and not line.strip().startswith("#"):
            groups[name].add(line.strip())

    def unfold(words):
        return set().union(*[unfold(groups[word]) if word.startswith("@") else {word} for word in words])

    allowed = set()
    for words in re.findall(r"^SystemCallFilter=(.*)$", unit.read_text(), re.M):
        allowed = allowed - unfold(words[1:].split()) if words.startswith("~") else allowed | unfold(words.split())
    return allowed


class Traced:
    """A role under strace, and the system calls that it made."""

    def __init__(self, places, role, *words):
        self.trace = places.scratch / f"{role}.trace"
        self.systemd = Systemd(places, notify=f"notify-{role}")
        self.systemd.program = "strace"
        self.systemd.start("-f", "-o", self.trace, places.program, role, *words)

    def end(self):
        process = self.systemd.process
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0

    def calls(self):
        return set(re.findall(r"^\d+ +(\w+)\(", self.trace.read_text(), re.M))


def read_and_write(port):
    """What makes a worker ask its database, over the proxy."""
    review = {"product_id": 1, "rating": 5, "summary": "kept", "body": "This stays.", "recommend": True, "name": "up", "email": "up@example.org"}
    for method, path, body, wanted in [("GET", "/reviews?product_id=1", None, 200), ("GET", "/qa/questions?product_id=1", None, 200),
                                       ("POST", "/reviews", json.dumps(review).encode(), 201), ("PUT", "/reviews/1/helpful", None, 204)]:
        asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(asked, timeout=PATIENCE_S) as answer:
            assert answer.status == wanted, (path, answer.status)


def test_no_role_needs_a_system_call_that_its_unit_forbids(places):
    if not shutil.which("strace"):
        raise Skipped("there is no strace (apt-get install strace)")
    ports = {role: free_port() for role in ("api", "lb")}
    logs = {role: ["--access-log", "full", "--access-log-file", places.scratch / f"{role}.access"] for role in ports}
    with running_database(places) as database:
        api = Traced(places, "api", "--listen", f"127.0.0.1:{ports['api']}", "--admin", f"127.0.0.1:{free_port()}", "--db", database, *logs["api"])
        with api.systemd:
            api.systemd.wait_for("^READY=1$", 60)
            lb = Traced(places, "lb", "--listen", f"127.0.0.1:{ports['lb']}", "--worker", f"127.0.0.1:{ports['api']}", "--control", places.scratch / "control",
                        *logs["lb"])
            with lb.systemd:
                lb.systemd.wait_for("^READY=1$", 60)
                read_and_write(ports["lb"])
                lb.end()
            api.end()
        sample = places.scratch / "sample"
        subprocess.run([places.program, "etl", "sample", sample, "--products", "20", "--unreliable", "2%"], check=True, capture_output=True)
        etl = Traced(places, "etl", "load", sample, "--db", database, "--mode", "replace", "--max-rejects", "50%", "--rejects", places.scratch / "rejects",
                     "--report", places.scratch / "report.json")
        with etl.systemd:
            assert etl.systemd.process.wait(120) == 0, etl.systemd.log.read_text()
    for traced, service in [(api, SERVICES[0]), (lb, SERVICES[1]), (etl, SERVICES[2])]:
        unit = folder(places) / "units" / service
        allowed = allowed_calls(unit)
        if "\nCPUSchedulingPolicy=batch\n" in unit.read_text():
            allowed.add("sched_setscheduler")  # what the program asks for is done before the filter closes
        called = traced.calls()
        assert "sendto" in called and called - allowed == set(), (service, called - allowed)


def drop_in(places, name):
    """{key: value} of an example."""
    return dict(re.findall(r"^(\w+)=(.*)$", (folder(places) / "examples" / name).read_text(), re.M))


def test_with_a_drop_in_of_the_examples_too_a_service_is_worth_less_than_two(places):
    laid_out(places)
    for service, changed in [("atelier-lb.service", "✗ AmbientCapabilities="), ("atelier-api@3001.service", None)]:
        done = analyze("security", "--offline=true", "--threshold=20", places.scratch / service)
        assert done.returncode == 0, done.stdout[-300:] + done.stderr
        assert not changed or changed in done.stdout, "the drop-in was not looked at"


def test_the_proxy_binds_a_low_port_with_the_one_right_of_its_drop_in(places):
    if os.geteuid() != 0:
        raise Skipped("it takes root to give a process one right")
    places.scratch.chmod(0o777)
    right = drop_in(places, "low-port.conf")["AmbientCapabilities"].lower().removeprefix("cap_")
    elsewhere = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]  # whose port 80 is free
    nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--bounding-set"]
    proxy = [places.program, "lb", "--listen", "127.0.0.1:80", "--worker", "127.0.0.1:9"]
    with Systemd(places) as systemd:
        os.chmod(systemd.path, 0o666)
        systemd.program = elsewhere[0]
        systemd.start(*elsewhere[1:], *nobody, f"-all,+{right}", f"--inh-caps=+{right}", f"--ambient-caps=+{right}", *proxy)
        systemd.wait_for("^READY=1$")
        assert systemd.stop() == 0
    refused = subprocess.run([str(w) for w in [*elsewhere, *nobody, "-all", *proxy]], capture_output=True, text=True, timeout=PATIENCE_S)
    assert refused.returncode == 1 and "127.0.0.1:80" in refused.stderr, refused.stderr


def documented_process_metrics(places):
    return set(re.findall(r"^\| `(process_\w+)`", (places.root / "docs/monitoring/metrics.md").read_text(), re.M))


def figures_of_the_process(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as page:
        return {name: float(value) for name, value in re.findall(r"^(process_\w+) (\S+)$", page.read().decode(), re.M)}


def test_no_figure_of_the_process_is_missing_where_only_processes_are_shown(places):
    """As ProtectProc=invisible and ProcSubset=pid have it."""
    box = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", 'mount -t proc -o hidepid=invisible,subset=pid proc /proc && exec "$@"', "sh"]
    tried = subprocess.run([*box, "test", "!", "-e", "/proc/stat"], capture_output=True, text=True)
    if tried.returncode != 0:
        raise Skipped(f"no /proc of processes alone can be mounted here: {tried.stderr.strip()}")
    documented = documented_process_metrics(places)
    for role, more in [("api", ["--db", "host=/nowhere"]), ("lb", ["--worker", "127.0.0.1:9"])]:
        admin = free_port()
        with Systemd(places) as systemd:
            systemd.program, before = box[0], time.time()
            systemd.start(*box[1:], places.program, role, "--listen", f"127.0.0.1:{free_port()}", "--admin", f"127.0.0.1:{admin}", *more)
            systemd.wait_for("^STATUS=")
            found, after = figures_of_the_process(admin), time.time()
        assert documented and set(found) == documented, set(found) ^ documented
        assert before - 1 < found["process_start_time_seconds"] < after + 1, (before, found, after)
        assert all(value > 0 for value in found.values()), found
