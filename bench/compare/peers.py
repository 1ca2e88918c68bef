"""Our servers and those that they are compared with, each ready to be asked."""

import contextlib
import http.client
import itertools
import shutil
import socket
import subprocess
import time

from places import ATELIER, PEERS, Trouble, WORK
from processes import Process, free_ports


def has_option(role, option):
    """True if this build of atelier knows it: what is not there yet is left out, and said."""
    done = subprocess.run([ATELIER, *role.split(), "--help"], capture_output=True, text=True)
    return option in done.stdout


def need(program, package):
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if not found:
        raise Trouble(f"{program} is not installed: ./dev bench installs it, or apt-get install {package}")
    return found


def status_of(where, target):
    """The status that the server at a port, or at the path of a UNIX socket, answers with."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", where if isinstance(where, int) else None, timeout=5)) as connection:
        if not isinstance(where, int):
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(5)
            connection.sock.connect(str(where))
        connection.request("GET", target)
        return connection.getresponse().status


def await_status(process, target, good, seconds=30):
    """Asks at the process's `port` (a number or a socket's path) until the status is one of the good ones."""
    until, status = time.monotonic() + seconds, None
    while time.monotonic() < until:
        process.check()
        try:
            status = status_of(process.port, target)
        except (OSError, http.client.HTTPException):
            pass
        if status in good:
            return process
        time.sleep(0.02)
    raise Trouble(f"{process.name} answers {target} with {status}: {process.words()}")


def worker(server, name="worker", cache_mb=0, core=None, port=None, database="atelier", more=()):
    port = port or free_ports(1)[0]
    words = [ATELIER, "api", "--listen", f"127.0.0.1:{port}", "--db", server.conninfo(database)]
    if has_option("api", "--cache-mb"):
        words += ["--cache-mb", cache_mb]
    elif cache_mb:
        raise Trouble("this build of `atelier api` has no --cache-mb yet")
    p = Process(name, [*words, *more], core=core)
    p.port = port
    return await_status(p, "/ready", [200])


def proxy(workers, name="lb", core=None, more=()):
    port = free_ports(1)[0]
    words = [ATELIER, "lb", "--listen", f"127.0.0.1:{port}"]
    for where in workers:
        words += ["--worker", where if isinstance(where, str) else f"127.0.0.1:{where}"]
    p = Process(name, [*words, *more], core=core)
    p.port = port
    return await_status(p, "/", [200, 404])  # its workers are known to be up


_stacks = itertools.count()


def stack_sockets(workers):
    """Where the workers of one more stack listen: several run at once, each on its own data."""
    stack = next(_stacks)
    return [WORK / f"worker-{stack}-{i}.socket" for i in range(workers)]


def our_stack(server, cache_mb=0, workers=3):
    """Workers and the proxy before them, by UNIX sockets, as `atelier up` places them on one machine."""
    made = []
    try:
        sockets = stack_sockets(workers)
        for path in sockets:
            p = Process(path.stem, [ATELIER, "api", "--listen", f"unix:{path}", "--db", server.conninfo("atelier"), "--cache-mb", cache_mb])
            p.port = path
            made.append(p)
        for p in made:
            await_status(p, "/ready", [200])
        made.append(proxy([f"unix:{path}" for path in sockets], name=sockets[0].stem.replace("worker", "lb"), more=["--affinity-percent", "150", "--affinity-by", "route"]))
    except BaseException:
        for p in made:
            p.stop()
        raise
    return made


def install_express():
    folder = WORK / "express"
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / "installed"
    lock = (PEERS / "express" / "package-lock.json").read_text()
    for name in ("package.json", "package-lock.json", "server.js"):
        shutil.copy(PEERS / "express" / name, folder)
    if not mark.exists() or mark.read_text() != lock:
        done = subprocess.run([need("npm", "npm"), "ci", "--omit=dev", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise Trouble(f"npm ci failed: {done.stderr.strip()[-800:]}")
        mark.write_text(lock)
    return folder


def nginx(name, servers, core=None, user_line=True):
    """nginx with one worker process and these server blocks, everything of it in a folder of its own."""
    import os

    folder = WORK / f"nginx-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    temporary = "".join(f"  {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;\n" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(f"""{user}daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log error;
events {{ worker_connections 14000; multi_accept on; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000000;
  keepalive_timeout 75s;
  open_file_cache max=100;
{temporary}{servers}}}
""")
    return Process(f"nginx-{name}", [need("nginx", "nginx-light"), "-c", folder / "nginx.conf", "-e", folder / "start.log"], core=core)


def nginx_proxy(name, ports, core=None, keepalive=64):
    port = free_ports(1)[0]
    upstream = "".join(f"    server 127.0.0.1:{p};\n" for p in ports)
    p = nginx(name, f"""  upstream workers {{
    least_conn;
{upstream}    keepalive {keepalive};
    keepalive_requests 100000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://workers;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
""", core=core)
    p.port = port
    return p.wait_for_port(port)


def nginx_static(body, core=None):
    port = free_ports(1)[0]
    folder = WORK / "static"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "answer.json").write_bytes(body)
    p = nginx("static", f"""  server {{
    listen 127.0.0.1:{port} backlog=4096;
    root {folder};
    default_type "application/json; charset=utf-8";
    types {{ }}
  }}
""", core=core)
    p.port = port
    return p.wait_for_port(port)


def haproxy(ports, core=None):
    port = free_ports(1)[0]
    folder = WORK / "haproxy"
    folder.mkdir(parents=True, exist_ok=True)
    servers = "".join(f"  server w{p} 127.0.0.1:{p}\n" for p in ports)
    (folder / "haproxy.cfg").write_text(f"""global
  nbthread 1
  no strict-limits
  maxconn 12000
defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 30s
  timeout http-keep-alive 75s
  http-reuse always
  option forwardfor
  no log
frontend clients
  bind 127.0.0.1:{port} backlog 4096
  default_backend workers
backend workers
  balance leastconn
{servers}""")
    p = Process("haproxy", [need("haproxy", "haproxy"), "-db", "-f", folder / "haproxy.cfg"], core=core)
    p.port = port
    return p.wait_for_port(port)


def express_stack(server, processes=3):
    """nginx, Express three times, PostgreSQL."""
    folder = install_express()
    node = need("node", "nodejs")
    made = []
    try:
        ports = free_ports(processes)
        for i, port in enumerate(ports):
            environment = {"PORT": str(port), "NODE_ENV": "production", **server.environment("express")}
            made.append(Process(f"express-{i}", [node, folder / "server.js"], environment=environment, folder=folder))
        for p, port in zip(made, ports):
            p.wait_for_port(port)
        made.append(nginx_proxy("express", ports))
    except BaseException:
        for p in made:
            p.stop()
        raise
    return made
