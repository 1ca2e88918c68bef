"""A private PostgreSQL: on a UNIX socket alone, durable, with the settings that `atelier up` would choose."""

import os
import pathlib
import pwd
import signal
import subprocess
import time

from places import Trouble, WORK
from processes import Process


def programs():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parent.parent.name))
    if not found:
        raise Trouble("PostgreSQL is not installed: apt-get install postgresql-15")
    return found[-1].parent


def account():
    """Whom it runs as when we are root, which it refuses."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            pass
    raise Trouble("there is neither a user postgres nor nobody for PostgreSQL to run as")


def settings():
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    return {
        "listen_addresses": "", "max_connections": 250, "shared_buffers": f"{min(8192, max(64, memory // 6))}MB",
        "effective_cache_size": f"{memory // 2}MB", "maintenance_work_mem": f"{min(1024, max(64, memory // 24))}MB", "work_mem": "8MB",
        "max_wal_size": "4GB", "min_wal_size": "256MB", "checkpoint_timeout": "15min", "wal_compression": "lz4", "wal_level": "minimal",
        "max_wal_senders": 0, "random_page_cost": 1.1, "effective_io_concurrency": 100, "jit": "off", "log_min_messages": "warning",
        "log_checkpoints": "off", "cluster_name": "bench", "unix_socket_permissions": "0777",
    }


class Postgres:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.data, self.socket = self.folder / "pg", WORK / f"socket-{self.folder.name}"
        self.user = account()
        self.bin = programs()
        self.process = None
        self.leave_out = set()  # settings that are not given on the command line, so that ALTER SYSTEM may change them

    def _own(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        if self.user:
            os.chown(folder, self.user.pw_uid, self.user.pw_gid)
        folder.chmod(0o700 if folder == self.data else 0o755)

    def start(self):
        WORK.mkdir(parents=True, exist_ok=True)
        WORK.chmod(0o755)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self._own(self.data)
        self._own(self.socket)
        if not (self.data / "PG_VERSION").exists():
            as_user = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}
            done = subprocess.run([self.bin / "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-k"],
                                  capture_output=True, text=True, cwd="/", **as_user)
            if done.returncode != 0:
                raise Trouble(f"initdb failed: {done.stderr}")
        words = [self.bin / "postgres", "-D", self.data, "-k", self.socket]
        for name, value in ((n, v) for n, v in settings().items() if n not in self.leave_out):
            words += ["-c", f"{name}={value}"]
        self.process = Process(f"postgres-{self.folder.name}", words, user=self.user, end=signal.SIGINT)
        until = time.monotonic() + 120
        while time.monotonic() < until:
            self.process.check()
            if subprocess.run([self.bin / "pg_isready", "-q", "-h", self.socket, "-U", "postgres"]).returncode == 0:
                return self
            time.sleep(0.1)
        raise Trouble(f"PostgreSQL does not take connections: {self.process.words()}")

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None

    def conninfo(self, database):
        return f"host={self.socket} user=postgres dbname={database}"

    def environment(self, database):
        return {"PGHOST": str(self.socket), "PGUSER": "postgres", "PGDATABASE": database}

    def sql(self, database, text, seconds=3600):
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.conninfo(database)], input=text, capture_output=True,
                              text=True, timeout=seconds)
        if done.returncode != 0:
            raise Trouble(f"psql: {done.stderr.strip()[-1500:]}")
        return done.stdout.strip()

    def make_database(self, name):
        self.sql("postgres", f"drop database if exists {name} with (force);\ncreate database {name};")

    def calm(self):
        """What a load left to do in the background is done now, not while something is measured."""
        self.sql("postgres", "checkpoint;")
