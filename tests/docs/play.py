"""Plays one page, in namespaces of its own: network, mounts and processes. Ports and paths are the page's; nothing of it is seen outside, and
all of it is gone with the last process."""

import json
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import time

import expected
import markdown
from terminal import Failed, Terminal

PG = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), default=pathlib.Path("/nowhere"))
CLEAN = {"LANG": "C.UTF-8", "TERM": "dumb", "TZ": "UTC"}
AS_ROOT = os.getuid() == 0

# Reads like a person's curl, but an answer of 400 and more is a failure that the page must announce (`ends with: 22`).
CURLRC = "silent\nshow-error\nfail-with-body\nmax-time = 60\n"


def words_of_namespaces():
    """The command before ours that puts us there; as an ordinary user by way of a user namespace."""
    unshare = ["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]
    return unshare if AS_ROOT else [*unshare, "--user", "--map-current-user", "--keep-caps"]


def sh(*words, **more):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, words))}: {(done.stderr or done.stdout).strip()[-1500:]}")
    return done.stdout


def reader():
    """Whom an ordinary page is played as: not root, as a person would."""
    return pwd.getpwnam("nobody") if AS_ROOT else pwd.getpwuid(os.getuid())


def ordinary():
    user = reader()
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--inh-caps=-all"] if AS_ROOT else []


def belongs_to_reader(path):
    if AS_ROOT:
        os.chown(path, reader().pw_uid, reader().pw_gid, follow_symlinks=False)


def private_system(scratch, project):
    """A loopback, and /run and /tmp of our own. The project is seen at scratch/.project, wherever it lies."""
    sh("ip", "link", "set", "lo", "up")
    seen = scratch / ".project"
    seen.mkdir()
    sh("mount", "--bind", project, seen)
    for place in ("/run", "/tmp"):
        sh("mount", "-t", "tmpfs", "-o", "mode=1777", "none", place)
    os.makedirs("/run/postgresql", exist_ok=True)
    belongs_to_reader("/run/postgresql")
    return seen


def folder_of_page(scratch, project):
    """What looks like the root of the project, and may be written to. `./dev` is played: what it builds is built."""
    root = scratch / "atelier"
    (root / "build").mkdir(parents=True)
    for entry in project.iterdir():
        if entry.name not in ("build", "dev", ".git", ".atelier"):
            (root / entry.name).symlink_to(entry)
    (root / "build" / "release").symlink_to(project / "build" / "release")
    shutil.copy(project / "tests" / "docs" / "bin" / "dev", root / "dev")
    home = scratch / "home"
    home.mkdir()
    (home / ".curlrc").write_text(CURLRC)
    for path in (scratch, root, root / "build", home):
        belongs_to_reader(path)
        path.chmod(0o755)
    return root, home


def postgres(scratch):
    """A server at /run/postgresql in which the reader may do everything, with an empty database `shop`."""
    data = scratch / "pg"
    data.mkdir(mode=0o700)
    belongs_to_reader(data)
    as_reader = ordinary()
    clean = {**CLEAN, "PATH": os.environ["PATH"]}
    sh(*as_reader, PG / "initdb", "-D", data, "-U", reader().pw_name, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N", env=clean, cwd="/")
    sh(*as_reader, PG / "pg_ctl", "-D", data, "-w", "-l", data / "log", "-o", "-c listen_addresses= -c fsync=off -k /run/postgresql", "start",
       env=clean, cwd="/")
    sh(*as_reader, PG / "createdb", "-h", "/run/postgresql", "shop", env=clean, cwd="/")


# What a machine has that runs everything itself: the package, PostgreSQL, and what the package's settings ask for.
SERVER = """
apt-get install -y postgresql-15 ./atelier_*.deb
runuser -u postgres -- createuser atelier
runuser -u postgres -- createdb -O atelier atelier
runuser -u atelier -- atelier schema apply --db dbname=atelier
atelier etl sample /srv/atelier --products 20
"""


class Machines:
    """Machines of a page: network and mounts of its own for each, joined by one bridge; a shell of root on each."""

    def __init__(self, listed, scratch, project, environment):
        self.terminals = {}
        shared = scratch / "machines"
        shared.mkdir()
        sh("ip", "link", "add", "lan", "type", "bridge")
        sh("ip", "link", "set", "lan", "up")
        for name, address in (one.split("=") for one in listed.split()):
            here = {**environment, "HOME": "/root", "DOCS_PROJECT": str(project), "DOCS_MACHINES": str(shared)}
            terminal = Terminal(name, scratch / "typed", "/", here, ["unshare", "--net", "--mount", "--uts"])
            terminal.run(":")
            (shared / name).write_text(f"{address} {terminal.shell.pid}")
            sh("ip", "link", "add", f"to-{name}", "type", "veth", "peer", "name", "eth0", "netns", terminal.shell.pid)
            sh("ip", "link", "set", f"to-{name}", "master", "lan", "up")
            terminal.run(f". {project}/tests/docs/bin/machine {name} {address} {scratch}/machine-{name}")
            self.terminals[name] = terminal


class Player:
    def __init__(self, page, scratch, project):
        self.page, self.scratch = page, scratch
        self.project = private_system(scratch, project)
        self.root, self.home = folder_of_page(scratch, self.project)
        programs = f"{self.project}/build/release:{self.project}/tests/docs/bin"
        self.environment = {**CLEAN, "HOME": str(self.home), "USER": reader().pw_name,
                            "PATH": f"{programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        self.terminal, self.machines, self.staying, self.count, self.told = None, None, None, 0, []

    def here(self):
        if self.terminal is None:
            self.terminal = Terminal("page", self.scratch / "typed", self.root, self.environment, ordinary())
        return self.terminal

    def given(self, what):
        if what == "PostgreSQL":
            postgres(self.scratch)
        elif what == "a server":
            self.machines = Machines("server=10.0.0.10", self.scratch, self.project, self.environment)
            self.machines.terminals["server"].run(SERVER)
        else:
            raise Failed(f"nothing known is given: '{what}'")

    def block(self, block):
        if "not run" in block.marks:
            return
        if "stays, ready at" in block.marks:
            self.count += 1
            self.staying = Terminal(f"stays-{self.count}", self.scratch / "typed", self.root, self.environment, ordinary())
            printed = self.staying.stay(block.text, block.marks["stays, ready at"])
            self.compare(block, printed, "")
            return
        if self.machines and len(self.machines.terminals) > 1 and "on" not in block.marks:
            raise Failed("on which machine?")
        for name in block.marks.get("on", "").split() or [None]:
            if name and (not self.machines or name not in self.machines.terminals):
                raise Failed(f"there is no machine '{name}'")
            terminal = self.machines.terminals[name] if name else self.here()
            out, err = terminal.run(block.text, int(block.marks.get("ends with", 0)))
            self.compare(block, out, err)

    def compare(self, block, out, err):
        differs = expected.difference(block, out, err)
        if differs:
            raise Failed(differs)

    def step(self, step):
        if isinstance(step, markdown.Block):
            self.block(step)
            return
        what, value, _ = step
        if what == "ctrl-c":
            self.staying.ctrl_c()
        elif what == "given":
            self.given(value)
        elif what == "machines":
            self.machines = Machines(value, self.scratch, self.project, self.environment)


def play(page, scratch, project):
    """Plays all of it. Returns what failed, in words, or nothing."""
    line = 1
    try:
        player = Player(page, scratch, project)
        for step in page.steps:
            line = step.line if isinstance(step, markdown.Block) else step[2]
            began = time.monotonic()
            player.step(step)
            if os.environ.get("DOCS_TIMES"):
                print(f"  {page.name}:{line}: {time.monotonic() - began:.1f} s", file=sys.stderr)
    except Failed as e:
        return f"{page.name}:{line}: {e}"
    return None


def main():
    """In the namespaces: FILE NAME SCRATCH PROJECT. Says what failed, as JSON on stdout."""
    file, name, scratch, project = sys.argv[1:]
    page = markdown.read(name, pathlib.Path(file).read_text(encoding="utf-8"))
    print(json.dumps({"failed": play(page, pathlib.Path(scratch), pathlib.Path(project))}))
    sys.stdout.flush()
    os._exit(0)  # the namespace's first process: everything else in it ends with it


if __name__ == "__main__":
    main()
