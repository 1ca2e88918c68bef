"""A shell into which a page's blocks are typed, one after the other."""

import os
import pathlib
import re
import shlex
import signal
import subprocess
import time
import urllib.request

BLOCK_SECONDS = 180


class Failed(Exception):
    pass


class Terminal:
    """`before`: words that start the shell elsewhere (as another user, on another machine)."""

    def __init__(self, name, folder, start_in, environment, before=()):
        self.name, self.folder, self.count = name, pathlib.Path(folder), 0
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o777)
        self.shell = subprocess.Popen([*before, "bash", "--noprofile", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL, cwd=start_in, env=environment, text=True, start_new_session=True)

    def _files(self):
        self.count += 1
        stem = self.folder / f"{self.name}-{self.count}"
        return [stem.with_suffix(end) for end in (".sh", ".out", ".err", ".code")]

    def run(self, text, ends_with=0, seconds=BLOCK_SECONDS):
        """Types the text and waits for its end. Returns what it printed to both outputs; Failed if it ends otherwise than with this code."""
        script, out, err, code = self._files()
        script.write_text(text + "\n")
        strict = "set -e" if ends_with == 0 else "set +e"
        self.shell.stdin.write(f"set -o pipefail; {strict}; . {script} >{out} 2>{err} </dev/null; echo $? >{code}.part; mv {code}.part {code}\n")
        self.shell.stdin.flush()
        until = time.monotonic() + seconds
        while not code.exists():
            if self.shell.poll() is not None:
                raise Failed(f"a command failed; the shell ended with code {self.shell.returncode}\n{told(out)}{told(err)}")
            if time.monotonic() > until:
                raise Failed(f"it does not end within {seconds} s\n{told(out)}{told(err)}")
            time.sleep(0.01)
        ended = int(code.read_text())
        if ended != ends_with:
            raise Failed(f"it ended with code {ended}, not {ends_with}\n{told(out)}{told(err)}")
        for address in started(text):
            wait_until_ready(address, err)
        return out.read_text(errors="replace"), err.read_text(errors="replace")

    def stay(self, text, ready_at, seconds=BLOCK_SECONDS):
        """Types a command that goes on until Ctrl-C; returns when it has printed these words."""
        script, out, _, _ = self._files()
        script.write_text(text + "\n")
        self.output = out
        self.shell.stdin.write(f"exec bash -c 'trap : INT; . {script}' >{out} 2>&1 </dev/null\n")
        self.shell.stdin.flush()
        until = time.monotonic() + seconds
        while not out.exists() or ready_at not in out.read_text(errors="replace"):
            if self.shell.poll() is not None or time.monotonic() > until:
                raise Failed(f"it does not say '{ready_at}'\n{told(out)}")
            time.sleep(0.02)
        return out.read_text(errors="replace")

    def ctrl_c(self, seconds=60):
        os.killpg(self.shell.pid, signal.SIGINT)
        try:
            code = self.shell.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"it does not end after Ctrl-C\n{told(self.output)}") from None
        if code != 0:
            raise Failed(f"after Ctrl-C it ended with code {code}\n{told(self.output)}")

    def close(self):
        if self.shell.poll() is None:
            self.shell.kill()
        self.shell.wait()


def told(file):
    text = file.read_text(errors="replace")[-3000:] if file.exists() else ""
    return "".join(f"    | {line}\n" for line in text.splitlines())


def started(text):
    """Addresses of servers of ours that a block left running in the background. A person is slower than they are; a test is not."""
    for command in re.sub(r"\\\n", " ", text).split("\n"):
        if command.rstrip().endswith("&") and "atelier" in command:
            words = shlex.split(command.rstrip("& \n"), comments=True)
            yield from (words[i + 1] for i, word in enumerate(words[:-1]) if word == "--listen")


def wait_until_ready(address, err, seconds=30):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://{address}/ready", timeout=2):
                return
        except OSError:
            time.sleep(0.05)
    raise Failed(f"nothing is ready at {address}\n{told(err)}")
