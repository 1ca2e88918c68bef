"""The requests of tests/conformance/requests.txt against `atelier lb`, nginx and HAProxy: who fails how many.

For atelier an outcome is right where it is the first of its line, for the others where it is any of them. Desynchronised is
who passes more requests on than it answered with 200. `./dev bench conformance` calls this; with --failures it lists them.
"""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ATELIER = os.path.join(HERE, "../../build/release/atelier")
TABLE = os.path.join(HERE, "../../tests/conformance/requests.txt")
PATIENCE = 1.0  # seconds for an answer or a close


def unescape(text):
    def expand(match):
        name = match.group(1)
        if name in ("GET", "POST"):
            return name + r" / HTTP/1.1\r\nHost: a\r\n"
        if name[1] == ":":
            return name[0] * int(name[2:])
        return "".join(rf"X-{i}: 1\r\n" for i in range(int(name.split()[0]), 0, -1))

    text = re.sub(r"\{([^}]*)\}", expand, text)
    codes = {"r": "\r", "n": "\n", "t": "\t", "0": "\0"}
    text = re.sub(r"\\(x..|.)", lambda m: chr(int(m.group(1)[1:], 16)) if m.group(1)[0] == "x" and len(m.group(1)) > 1
                  else codes.get(m.group(1), m.group(1)), text)
    return text.encode("latin-1")


def table():
    for line in open(TABLE, encoding="utf-8"):
        line = line.rstrip("\n")
        if line and not line.startswith("#"):
            section, what, data, outcomes, worker = (line + " ").split(" | ")
            yield section, what, unescape(data), outcomes.split(" or "), worker.strip()


class Connection:
    """Reads HTTP answers from a socket."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(PATIENCE)
        self.data = b""

    def receive(self):
        try:
            got = self.socket.recv(65536)
        except (TimeoutError, ConnectionError):
            return False
        self.data += got
        return bool(got)

    def answer(self, to_head=False):
        """Its status, or nothing where there is none in time."""
        while b"\r\n\r\n" not in self.data:
            if not self.receive():
                return None
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        status = int(head[9:12])
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if to_head or status < 200 or status in (204, 304):
            return status
        if length:
            while len(self.data) < int(length.group(1)) and self.receive():
                pass
            self.data = self.data[int(length.group(1)):]
        elif re.search(rb"(?i)\r\ntransfer-encoding: *chunked", head):
            while b"0\r\n\r\n" not in self.data and self.receive():
                pass
            self.data = self.data.partition(b"0\r\n\r\n")[2]
        else:
            while self.receive():
                pass
            self.data = b""
        return status

    def is_closed(self):
        start = time.monotonic()
        while self.receive():
            pass
        return time.monotonic() - start < PATIENCE * 0.9

    def close(self):
        self.socket.close()


class Worker(threading.Thread):
    """Answers every request that is complete with 200, and keeps its bytes."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.requests = []
        self.start()

    def run(self):
        while True:
            connection = self.listener.accept()[0]
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        data = b""
        while True:
            request, data = self.read(connection, data)
            if request is None:
                return connection.close()
            if not request.startswith((b"GET /ready ", b"OPTIONS / HTTP/1.0")):
                self.requests.append(request)
            body = b"" if request.startswith(b"HEAD") else b"ok"
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + body)
            except OSError:
                return connection.close()

    @staticmethod
    def read(connection, data):
        def more():
            nonlocal data
            try:
                got = connection.recv(65536)
            except OSError:
                return False
            data += got
            return bool(got)

        while b"\r\n\r\n" not in data:
            if not more():
                return None, b""
        size = data.index(b"\r\n\r\n") + 4
        head = data[:size]
        length = re.search(rb"(?i)\r\ncontent-length:[ \t]*(\d+)", head)
        if re.search(rb"(?i)\r\ntransfer-encoding:[^\r]*chunked", head):
            while not re.search(rb"(^|\r\n)0+[^\r]*\r\n(.+\r\n)*\r\n", data[size:]):
                if not more():
                    return None, b""
            size += re.search(rb"(^|\r\n)0+[^\r]*\r\n(.+\r\n)*\r\n", data[size:]).end()
        elif length:
            size += int(length.group(1))
            while len(data) < size:
                if not more():
                    return None, b""
        return data[:size], data[size:]


def outcome_of(port, data, expected):
    connection = Connection(port)
    try:
        connection.socket.sendall(data)
    except OSError:
        pass
    statuses = []
    wanted = max(len(one.split()[0].split(",")) for one in expected)
    to_head = data.startswith(b"HEAD")
    while len(statuses) < wanted:
        status = connection.answer(to_head and not statuses)
        if status is None:
            break
        if status != 100:
            statuses.append(str(status))
        if status >= 400:
            break
    if not statuses:
        end = "close" if connection.is_closed() else "silent"
    else:
        end = "close"
        try:
            connection.socket.sendall(b"GET /again HTTP/1.1\r\nHost: a\r\n\r\n")
            if connection.answer() == 200:
                end = "open"
        except OSError:
            pass
    connection.close()
    return ",".join(statuses) + " " + end if statuses else end


def holds(conditions, got):
    for one in filter(None, conditions.split(";")):
        found = any(part.lower() in got.lower() for part in unescape(one[1:]).split(b"|"))  # names are the same in any case
        if found != (one[0] == "+"):
            return False
    return True


def judge(port, worker, strict):
    failures, desynchronised = [], []
    for section, what, data, expected, conditions in table():
        time.sleep(0.002)
        before = len(worker.requests)
        outcome = outcome_of(port, data, expected)
        time.sleep(0.01)
        reached = worker.requests[before:]
        if outcome.endswith("open") and reached:
            reached.pop()  # /again
        allowed = [re.sub(r"\b100,", "", one) for one in expected[:1] if strict] or [re.sub(r"\b100,", "", one) for one in expected]
        # A refusal without a word is one: the connection is closed.
        right = outcome in allowed or (not strict and outcome == "close" and any(a.startswith("4") or a.startswith("5") for a in allowed))
        if len(reached) > outcome.count("200"):
            desynchronised.append((section, what, f"{len(reached)} requests reached the worker, {outcome}"))
            right = False
        if reached and not holds(conditions, reached[-1]):
            right = False
            outcome += ", but what reached the worker is wrong"
        if not right:
            failures.append((section, what, f"{outcome}; wanted {' or '.join(expected)}"))
    return failures, desynchronised


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def wait_for(port):
    for _ in range(200):
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nothing listens on {port}")


def commands(folder, worker_port):
    """How each is started, with the port that it listens on."""
    port = free_port()
    yield "atelier lb", port, [ATELIER, "lb", "--listen", f"127.0.0.1:{port}", "--worker", f"127.0.0.1:{worker_port}"]
    port = free_port()
    config = os.path.join(folder, "nginx.conf")
    with open(config, "w", encoding="utf-8") as out:
        out.write(f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  upstream workers {{ least_conn; server 127.0.0.1:{worker_port}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://workers; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host; }}
  }}
}}
""")
    if shutil.which("nginx"):
        yield "nginx", port, ["nginx", "-c", config, "-p", folder]
    port = free_port()
    config = os.path.join(folder, "haproxy.cfg")
    with open(config, "w", encoding="utf-8") as out:
        out.write(f"""global
  nbthread 1
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
listen front
  bind 127.0.0.1:{port}
  balance leastconn
  server one 127.0.0.1:{worker_port}
""")
    if shutil.which("haproxy"):
        yield "HAProxy", port, ["haproxy", "-f", config]


def run(with_failures):
    print(f"{len(list(table()))} requests\n")
    print(f"{'':12} {'failures':>9} {'desynchronised':>15}")
    details = []
    with tempfile.TemporaryDirectory() as folder:
        worker = Worker()
        for name, port, command in commands(folder, worker.port):
            with open(os.path.join(folder, "log"), "ab") as log, \
                    subprocess.Popen(command, stdout=log, stderr=log) as process:
                try:
                    wait_for(port)
                    time.sleep(0.3)
                    failures, lost = judge(port, worker, name.startswith("atelier"))
                finally:
                    process.terminate()
            print(f"{name:12} {len(failures):9} {len(lost):15}", flush=True)
            details += [f"{name}: RFC {section}, {what}: {how}" for section, what, how in failures + lost]
    if with_failures:
        print("\n" + "\n".join(details))
    return 0
