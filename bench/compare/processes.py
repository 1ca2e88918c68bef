"""Processes that end with us, what they cost, and on which cores they run."""

import atexit
import contextlib
import ctypes
import os
import pathlib
import resource
import signal
import socket
import subprocess
import threading
import time

from places import WORK, Trouble

_libc = ctypes.CDLL(None)
_running = []
TICK = os.sysconf("SC_CLK_TCK")


def allow_files(wanted):
    """As many open files as we may have, for us and for what we start. Returns how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for most in (max(wanted, hard), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, most), most))
            return min(wanted, most)
        except (ValueError, OSError):
            pass
    return soft


def free_ports(count):
    """Ports below those that the kernel gives to outgoing connections."""
    found, port = [], 21000 + os.getpid() % 4000
    while len(found) < count:
        port += 1
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                found.append(port)
            except OSError:
                pass
    return found


class Process:
    """A program that runs until stop(), or until we end, however we do."""

    def __init__(self, name, words, environment=None, user=None, core=None, end=signal.SIGTERM, folder=None):
        def prepare():
            _libc.prctl(1, int(end))  # PR_SET_PDEATHSIG
            if core is not None and (os.cpu_count() or 1) > core:
                os.sched_setaffinity(0, {core})

        self.name, self.end = name, end
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("ATELIER_", "PG"))}
        WORK.joinpath("logs").mkdir(parents=True, exist_ok=True)
        self.log = WORK / "logs" / f"{name}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([str(w) for w in words], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**clean, **(environment or {})}, preexec_fn=prepare, start_new_session=True,
                                            cwd=folder or "/", **({"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}))
        self.pid = self.process.pid
        _running.append(self)

    def words(self):
        return self.log.read_text(errors="replace")[-2000:]

    def check(self):
        if self.process.poll() is not None:
            raise Trouble(f"{self.name} ended with code {self.process.returncode}: {self.words()}")

    def wait_for_port(self, port, seconds=30):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.check()
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return self
            except OSError:
                time.sleep(0.02)
        raise Trouble(f"{self.name} does not listen on port {port}: {self.words()}")

    def stop(self):
        if self in _running:
            _running.remove(self)
        if self.process.poll() is None:
            self.process.send_signal(self.end)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
                self.process.wait()


def stop_all(processes):
    for p in reversed(list(processes)):
        p.stop()


atexit.register(lambda: stop_all(_running))


def _children(pid):
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):  # that thread has ended meanwhile
                found += map(int, pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    except OSError:
        pass  # all of it has
    return found


def family(pid):
    """The process and its descendants."""
    all_of_them, look = [], [pid]
    while look:
        one = look.pop()
        all_of_them.append(one)
        look.extend(_children(one))
    return all_of_them


def run_first(pid):
    """What the process does now and starts later runs until it waits, before every ordinary program of this machine (SCHED_FIFO, sched(7)):
    a tail is then not the milliseconds for which the ordinary scheduler lets others of the same core go on. 0 is the caller. Returns whether that was allowed: it takes root, or
    RLIMIT_RTPRIO. The kernel keeps a twentieth of each second for the others whatever happens (sched_rt_runtime_us)."""
    try:
        for task in os.listdir(f"/proc/{pid}/task") if pid else [0]:
            os.sched_setscheduler(int(task), os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        return False
    return True


def cpu_seconds(processes):
    """User and system time of processes and their descendants, by the scheduler's own count in nanoseconds; descendants that have ended are
    counted by their parents, in hundredths of a second."""
    total = 0.0
    for p in processes:
        for pid in family(p.pid):
            try:
                for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                    total += int((task / "schedstat").read_text().split()[0]) / 1e9
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                total += (int(fields[13]) + int(fields[14])) / TICK
            except (OSError, ValueError):
                pass
    return total


def waits(process):
    """How often the process, with all of its threads, gave its core back because there was nothing to do (proc(5), voluntary_ctxt_switches)."""
    total = 0
    with contextlib.suppress(OSError):
        for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
            total += next(int(line.split()[1]) for line in (task / "status").read_text().splitlines() if line.startswith("voluntary_ctxt_switches:"))
    return total


def machine_seconds():
    """Time that all cores together have worked, whoever for; what other guests took (steal) is among it."""
    user, nice, system, idle, iowait, *more = map(int, pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
    return (user + nice + system + sum(more)) / TICK


def stolen_seconds():
    """Time that all cores together were ready to work and the hypervisor ran another guest instead (proc(5), "steal"), in hundredths."""
    return int(pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[8]) / TICK


def resident_mib(process):
    """Resident memory of one process, and the highest it ever had."""
    now = peak = 0
    try:
        for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                now = int(line.split()[1]) / 1024
            if line.startswith("VmHWM:"):
                peak = int(line.split()[1]) / 1024
    except OSError:
        pass
    return now, peak


class KernelMemory:
    """While it is open (with): the most that the kernel took for its own structures, sockets above all, beyond what it had before. `mib`."""

    def __enter__(self):
        self.before, self.most, self.ended = self.now(), 0, threading.Event()
        self.watcher = threading.Thread(target=self.watch, daemon=True)
        self.watcher.start()
        return self

    def watch(self):
        while not self.ended.wait(0.2):
            self.most = max(self.most, self.now() - self.before)

    def __exit__(self, *_):
        self.ended.set()
        self.watcher.join()
        self.mib = self.most / 1024

    @staticmethod
    def now():
        return next(int(line.split()[1]) for line in pathlib.Path("/proc/meminfo").read_text().splitlines() if line.startswith("Slab:"))


def private_bytes(processes):
    """Memory that only these processes and their descendants have (private and proportional share), user space."""
    total = 0
    for p in processes:
        for pid in family(p.pid):
            try:
                for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1]) * 1024
            except OSError:
                pass
    return total
