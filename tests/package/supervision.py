"""The test plays systemd: it holds the notification socket and the listening socket, and looks at what the roles say and do."""

import contextlib
import http.server
import os
import re
import signal
import socket
import subprocess
import threading
import time

PATIENCE_S = 30  # until something that must come is missed


class Systemd:
    """A NOTIFY_SOCKET, and the process that speaks to it."""

    def __init__(self, places, watchdog_s=None, listen=None, notify="notify"):
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.path = places.scratch / notify
        self.path.unlink(missing_ok=True)
        self.notify.bind(str(self.path))
        self.program, self.log, self.said = places.program, places.scratch / "log", []
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("ATELIER_", "PG", "LISTEN_", "WATCHDOG_"))}
        self.environment["NOTIFY_SOCKET"] = str(self.path)
        if watchdog_s:
            self.environment["WATCHDOG_USEC"] = str(int(watchdog_s * 1_000_000))
        self.listen = listen
        self.process = None

    def start(self, *words):
        command, more = [self.program, *words], {}
        if self.listen:  # LISTEN_PID is only known when the process is there: a shell says it, and becomes the program
            command = ["sh", "-c", 'export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=listen; exec "$@" 3<&$HELD', "sh", *command]
            self.environment["HELD"] = str(self.listen.fileno())
            more["pass_fds"] = [self.listen.fileno()]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([str(w) for w in command], env=self.environment, stdout=log, stderr=log, **more)
        return self

    def wait_for(self, line, at_most_s=PATIENCE_S):
        """The next message with a line that matches; those before it are over."""
        end = time.monotonic() + at_most_s
        while (left := end - time.monotonic()) > 0:
            self.notify.settimeout(left)
            with contextlib.suppress(TimeoutError):
                message = self.notify.recv(4096).decode()
                self.said.append(message)
                if re.search(line, message, re.M):
                    return message
        raise AssertionError(f"nobody said '{line}'; said {self.said}; log:\n{self.log.read_text()}")

    def hears_nothing_of(self, line, for_s):
        with contextlib.suppress(AssertionError):
            self.wait_for(line, for_s)
            return False
        return True

    def stop(self, at_most_s=PATIENCE_S):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(at_most_s)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
        self.notify.close()


class Worker:
    """Answers every request of the proxy; one to /slow only when it is allowed to."""

    def __init__(self):
        worker = self
        self.go, self.asked = threading.Event(), threading.Event()

        class Answers(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if self.path == "/slow":
                    worker.asked.set()
                    worker.go.wait(PATIENCE_S)
                self.send_response(200)
                self.send_header("Content-Length", "3")
                self.end_headers()
                self.wfile.write(b"ok\n")

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a proxy that was killed takes no answer
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.go.set()
        self.server.shutdown()
        self.server.server_close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def get(port, path="/"):
    """(status, None), or (None, what went wrong): "no answer" where the connection was made and closed without one."""
    try:
        connection = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
    except OSError as e:
        return None, str(e)
    with connection, contextlib.suppress(ConnectionError):
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        head = connection.makefile("rb").readline().split()
        if len(head) > 1:
            return int(head[1]), None
    return None, "no answer"


def proxy(systemd, worker, *more, port=None):
    return systemd.start("lb", "--listen", f"127.0.0.1:{port or free_port()}", "--worker", worker.address, *more)


def test_the_proxy_is_ready_when_its_workers_were_probed_and_says_how_they_are(places):
    port = free_port()
    with Worker() as worker, Systemd(places) as systemd:
        proxy(systemd, worker, port=port)
        systemd.wait_for("^READY=1$")
        assert get(port) == (200, None)
        systemd.wait_for("^STATUS=serving on .*; 1 of 1 workers healthy$")
        assert systemd.stop() == 0


def test_the_proxy_says_when_it_reads_its_configuration_again(places):
    with Worker() as worker, Systemd(places) as systemd:
        proxy(systemd, worker)
        systemd.wait_for("^READY=1$")
        systemd.process.send_signal(signal.SIGHUP)
        assert re.search(r"^MONOTONIC_USEC=\d+$", systemd.wait_for("^RELOADING=1$"), re.M)
        systemd.wait_for("^READY=1$")


def test_a_request_under_way_is_answered_while_the_proxy_stops_within_its_time(places):
    port = free_port()
    with Worker() as worker, Systemd(places) as systemd:
        proxy(systemd, worker, "--drain-timeout", "20s", port=port)
        systemd.wait_for("^READY=1$")
        answers = []
        client = threading.Thread(target=lambda: answers.append(get(port, "/slow")))
        client.start()
        assert worker.asked.wait(PATIENCE_S)
        systemd.process.send_signal(signal.SIGTERM)
        said = systemd.wait_for("^STOPPING=1$")
        assert re.search("^EXTEND_TIMEOUT_USEC=25000000$", said, re.M), said
        worker.go.set()
        client.join(PATIENCE_S)
        assert answers == [(200, None)]
        assert systemd.process.wait(PATIENCE_S) == 0


def test_a_proxy_that_was_taken_over_asks_for_time_as_long_as_its_last_request_takes(places):
    port, control = free_port(), places.scratch / "control"
    with Worker() as worker, Systemd(places) as systemd, Systemd(places, notify="notify.next") as next_unit:
        proxy(systemd, worker, "--control", control, "--drain-timeout", "100ms", port=port)
        systemd.wait_for("^READY=1$")
        answers = []
        client = threading.Thread(target=lambda: answers.append(get(port, "/slow")))
        client.start()
        assert worker.asked.wait(PATIENCE_S)
        proxy(next_unit, worker, "--control", control, "--takeover", port=port)
        next_unit.wait_for("^READY=1$")
        for _ in range(3):
            systemd.wait_for("^EXTEND_TIMEOUT_USEC=5100000$")
        worker.go.set()
        client.join(PATIENCE_S)
        assert answers == [(200, None)]
        assert systemd.process.wait(PATIENCE_S) == 0
        assert get(port) == (200, None)


def test_a_stuck_loop_falls_silent_and_one_that_turns_does_not(places):
    with Worker() as worker, Systemd(places, watchdog_s=0.2) as systemd:
        proxy(systemd, worker)
        for _ in range(3):
            systemd.wait_for("^WATCHDOG=1$")
        systemd.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, systemd.process.pid, os.WSTOPPED)
        while not systemd.hears_nothing_of("^WATCHDOG=1$", 0.01):
            pass  # what it said before
        assert systemd.hears_nothing_of("^WATCHDOG=1$", 1)
        systemd.process.send_signal(signal.SIGCONT)
        systemd.wait_for("^WATCHDOG=1$")


def test_nobody_is_refused_while_the_proxy_is_stopped_and_started_again(places):
    with Worker() as worker, socket.create_server(("127.0.0.1", 0), backlog=1024) as held, Systemd(places, listen=held) as systemd:
        port, over, answers = held.getsockname()[1], threading.Event(), []

        def ask():
            while not over.is_set():
                answer = get(port)
                # A proxy that ends closes connections that have not asked yet: a client asks once more, as RFC 9112, 9.3.1 has it.
                answers.append(get(port) if answer == (None, "no answer") else answer)

        proxy(systemd, worker)
        systemd.wait_for("^READY=1$")
        clients = [threading.Thread(target=ask) for _ in range(4)]
        for client in clients:
            client.start()
        for _ in range(3):
            before = len(answers)
            assert systemd.stop() == 0
            proxy(systemd, worker)
            systemd.wait_for("^READY=1$")
            end = time.monotonic() + PATIENCE_S
            while len(answers) < before + 20 and time.monotonic() < end:
                time.sleep(0.01)
        over.set()
        for client in clients:
            client.join(PATIENCE_S)
        assert len(answers) >= 60
        assert set(answers) == {(200, None)}, set(answers)


def worker_role(systemd, *more, database="host=/nowhere"):
    port = free_port()
    systemd.start("api", "--listen", f"127.0.0.1:{port}", "--db", database, *more)
    return port


def test_a_worker_without_its_database_is_ready_after_a_while_and_stays(places):
    with Systemd(places, watchdog_s=0.5) as systemd:
        port = worker_role(systemd)
        systemd.wait_for("^STATUS=listening on .*; no connection to PostgreSQL: requests get 503$")
        systemd.wait_for("^READY=1$")
        assert get(port, "/ready")[0] == 503
        systemd.wait_for("^WATCHDOG=1$")
        systemd.process.send_signal(signal.SIGTERM)
        assert re.search("^EXTEND_TIMEOUT_USEC=25000000$", systemd.wait_for("^STOPPING=1$"), re.M)
        assert systemd.process.wait(PATIENCE_S) == 0


@contextlib.contextmanager
def running_database(places):
    """A PostgreSQL with a little data, that of `atelier up`; its conninfo."""
    places.scratch.chmod(0o777)  # PostgreSQL does not run as root
    with Systemd(places, notify="notify-up") as systemd:
        systemd.log = places.scratch / "up.log"
        systemd.start("up", "--data", places.scratch / "data", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--workers", "1", "--products", "20")
        systemd.wait_for("^READY=1$", 120)
        yield re.search(r'psql "(.*)"', systemd.log.read_text()).group(1)
        assert systemd.stop(60) == 0


def test_everything_on_one_machine_is_ready_at_once_with_its_proxy_and_then_stops(places):
    places.scratch.chmod(0o777)  # PostgreSQL does not run as root
    with Systemd(places) as systemd:
        front, admin = free_port(), free_port()
        systemd.start("up", "--data", places.scratch / "data", "--listen", f"127.0.0.1:{front}", "--admin", f"127.0.0.1:{admin}",
                      "--workers", "1", "--products", "20")
        systemd.wait_for("^READY=1$", 120)
        assert [m for m in systemd.said if m.startswith("READY")] == ["READY=1"], "its children say nothing in its place"
        assert get(front, "/reviews?product_id=1") == (200, None)
        worker_is_ready_with_its_database(places)
        systemd.process.send_signal(signal.SIGTERM)
        systemd.wait_for("^STOPPING=1$")
        assert systemd.process.wait(60) == 0


def worker_is_ready_with_its_database(places):
    """With the database of the stack that runs: ready as soon as it has answered, not after the ten seconds without."""
    database = re.search(r'psql "(.*)"', (places.scratch / "log").read_text()).group(1)
    (places.scratch / "worker").mkdir()
    with Systemd(type(places)(places.build, places.scratch / "worker")) as systemd:
        worker_role(systemd, database=database)
        systemd.wait_for("^STATUS=serving on .* connections to PostgreSQL$")
        systemd.wait_for("^READY=1$")
        assert systemd.stop() == 0
