"""The package itself: what is in it, what lintian says, and what its life on a machine leaves behind."""

import fnmatch
import os
import pathlib
import re
import shutil
import subprocess

from run import Skipped

CONTENT = """
/etc/atelier/api.toml /etc/atelier/environment /etc/atelier/etl.toml /etc/atelier/lb.toml /etc/logrotate.d/atelier
/lib/systemd/system/atelier-api@.service /lib/systemd/system/atelier-etl.service
/lib/systemd/system/atelier-lb.service /lib/systemd/system/atelier-lb.socket
/usr/bin/atelier /usr/share/bash-completion/completions/atelier
/usr/share/man/man1/atelier.1.gz /usr/share/man/man1/atelier-api.1.gz /usr/share/man/man1/atelier-etl.1.gz
/usr/share/man/man1/atelier-lb.1.gz /usr/share/man/man1/atelier-schema.1.gz /usr/share/man/man1/atelier-up.1.gz
/usr/share/doc/atelier/changelog.Debian.gz /usr/share/doc/atelier/changelog.gz /usr/share/doc/atelier/copyright
/usr/share/doc/atelier/examples/atelier-etl.timer /usr/share/doc/atelier/examples/low-port.conf
/usr/share/doc/atelier/examples/one-core.conf /usr/share/lintian/overrides/atelier
""".split()


def made(places):
    found = sorted((places.root / "build/package").glob("atelier_*.deb"), key=lambda p: p.stat().st_mtime)
    assert found, "./dev package makes it"
    return found[-1]


def output(*words):
    return subprocess.run([str(w) for w in words], capture_output=True, text=True, check=True, timeout=120).stdout


def test_the_package_has_what_it_promises_and_nothing_else(places):
    lines = output("dpkg-deb", "-c", made(places)).splitlines()
    files = {line.split()[5].removeprefix(".") for line in lines if not line.startswith("d")}
    docs = places.root / "docs"
    inner = [p for folder in ("monitoring", "decisions", "performance") for p in (docs / folder).iterdir()]
    guides = {f"/usr/share/doc/atelier/{p.relative_to(docs)}" for p in [*docs.glob("*.md"), *inner] if p != docs / "README.md"}
    assert files == set(CONTENT) | guides, files ^ (set(CONTENT) | guides)
    for line in lines:
        wanted = "drwxr-xr-x" if line.startswith("d") else "-rwxr-xr-x" if line.endswith("bin/atelier") else "-rw-r--r--"
        assert line.startswith(wanted + " root/root"), line


def test_every_link_of_the_guides_leads_somewhere(places):
    tree = places.scratch / "read"
    output("dpkg-deb", "-x", made(places), tree)
    guides = list((tree / "usr/share/doc/atelier").rglob("*.md"))
    assert guides
    lost = [(guide.name, link) for guide in guides for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", guide.read_text())
            if not (guide.parent / link).exists()]
    assert not lost, lost


def test_the_package_says_what_it_needs(places):
    depends = output("dpkg-deb", "-f", made(places), "Depends")
    for library in ["libc6", "libpq5", "libfmt9", "libssl3", "libcurl4", "libarchive13", "adduser"]:
        assert re.search(rf"\b{library}\b", depends), depends


def stanzas(places):
    """[{field: value}] of the package's copyright (DEP-5), folded lines made whole."""
    text = (places.root / "app/package/debian/copyright").read_text()
    return [dict(re.findall(r"^(\S+):(.*(?:\n .*)*)", part, re.M)) for part in text.split("\n\n")]


def embedded(places):
    """What the built program holds, below the sources; what the build compressed is named as it was before."""
    for listed in (places.build / "embedded").glob("*.s"):
        if listed.name.startswith("bench_"):
            continue
        for name in re.findall(r'\.incbin "(.*)"', listed.read_text()):
            file = pathlib.Path(name)
            if file.is_relative_to(places.build):
                file = next((places.root / "app").rglob(file.name.removesuffix(".gz")))
            yield str(file.relative_to(places.root))


def test_whoever_made_a_part_of_the_program_is_named_with_its_licence(places):
    known = stanzas(places)
    foreign = [name for name in embedded(places) if "third_party/" in name or "node_modules/" in name]
    assert any("uplot" in name for name in foreign)
    for name in foreign:
        assert any(fnmatch.fnmatchcase(name, s["Files"].strip()) for s in known if s.get("Files", "").strip() not in ("", "*")), name
    named = " ".join(s.get("Copyright", "") for s in known)
    for licence in (places.root / name for name in foreign if name.upper().endswith((".LICENSE", ".LICENSE.TXT", "/NOTICE"))):
        holders = re.findall(r"(?:\(c\)|@author|License\.|Copyright) +(?:\d{4}(?:-(?:\d{4}|present))?,? +)?([A-Z][\w.]*(?:,? [A-Z][\w.]*)*)", licence.read_text())
        assert holders, licence
        assert [holder for holder in holders if holder.removesuffix(".") not in named] == [], licence
    texts = {s["License"].strip().split("\n")[0]: s["License"] for s in known if "Files" not in s and "License" in s}
    for stanza in known:
        for name in re.split(" and | or ", stanza.get("License", "").strip().split("\n")[0]):
            assert not name or "\n" in texts[name], f"the text of {name} is missing"
    assert "/usr/share/common-licenses/Apache-2.0" in texts["Apache-2.0"]


def test_lintian_finds_no_error(places):
    if not shutil.which("lintian"):
        raise Skipped("there is no lintian (apt-get install lintian)")
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0", made(places)],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def newer(places):
    """The same package a version later, with other settings in two files."""
    tree = places.scratch / "tree"
    output("dpkg-deb", "-R", made(places), tree)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"^(Version: .*)$", r"\1+later", control.read_text(), flags=re.M))
    for name in ["api.toml", "lb.toml"]:
        with open(tree / "etc/atelier" / name, "a") as file:
            file.write("# later\n")
    output("dpkg-deb", "--root-owner-group", "-b", tree, places.scratch / "later.deb")


# systemd's part: it says what runs, and notes what it is asked for.
SYSTEMCTL = """#!/bin/sh
echo "$*" >> /asked
case "$*" in
  *list-units*) printf 'atelier-api@3001.service loaded active running\\natelier-api@3002.service loaded active running\\n' ;;
  *is-enabled*) echo enabled ;;
esac
"""

LIFE = r"""
set -eu
export DEBIAN_FRONTEND=noninteractive
# Others' triggers, such as a new index of all manual pages, are none of ours: --no-triggers.
rm -rf /usr/sbin/policy-rc.d /run/systemd/system
check() { "$@" || { echo "does not hold: $*" >&2; exit 1; }; }
gone() { [ ! -e "$1" ]; }
there() { [ -e "$1" ]; }
says() { grep -q "$1" "$2"; }
silent() { ! grep -q "$1" "$2"; }

dpkg --no-triggers -i /given/now.deb
check [ "$(atelier --version)" = "atelier $(dpkg-deb -f /given/now.deb Version | cut -d- -f1)" ]
check [ "$(stat -c %a:%U:%G /etc/atelier/environment)" = 640:root:atelier ]
check [ "$(getent passwd atelier | cut -d: -f6,7)" = /nonexistent:/usr/sbin/nologin ]
check [ -z "$(find /etc/systemd/system -name '*atelier*')" ]

echo "# mine" >> /etc/atelier/lb.toml
echo PGPASSWORD=secret >> /etc/atelier/environment
echo ATELIER_API_ADMIN=127.0.0.1:9001 > /etc/atelier/api-3001.env
mkdir -p /run/systemd/system /var/log/atelier /var/lib/atelier-etl/rejects /var/lib/atelier
touch /var/log/atelier/lb.log /var/lib/atelier-etl/rejects/reviews.rejects.csv /var/lib/atelier/database
: > /asked
dpkg --no-triggers --force-confdef --force-confold -i /given/later.deb
check says "# mine" /etc/atelier/lb.toml
check silent "# later" /etc/atelier/lb.toml
check says "# later" /etc/atelier/api.toml
check says PGPASSWORD=secret /etc/atelier/environment
check [ "$(stat -c %a:%U:%G /etc/atelier/environment)" = 640:root:atelier ]
check silent stop /asked
check [ "$(grep -o 'try-restart.*' /asked | tr '\n' ' ')" = "try-restart atelier-api@3001.service try-restart atelier-api@3002.service try-restart atelier-lb.service " ]

ln -s /lib/systemd/system/atelier-api@.service /etc/systemd/system/multi-user.target.wants/atelier-api@3001.service
: > /asked
dpkg --no-triggers -r atelier
check says 'stop .*atelier-lb.socket.*atelier-api@\*.service' /asked
check gone /usr/bin/atelier
check gone /lib/systemd/system/atelier-lb.service
check gone /usr/share/doc/atelier
check says "# mine" /etc/atelier/lb.toml
check there /var/log/atelier/lb.log

dpkg --no-triggers -i /given/later.deb
check [ ! -L /etc/systemd/system/atelier-lb.service ]
dpkg --no-triggers -P atelier
check gone /etc/atelier
check gone /etc/logrotate.d/atelier
check gone /var/log/atelier
check gone /var/lib/atelier-etl
check there /var/lib/atelier/database
check [ -z "$(find /etc/systemd/system -name '*atelier*')" ]
check [ -z "$(find /var/lib/systemd/deb-systemd-helper-* -name '*atelier*')" ]
check getent passwd atelier >/dev/null
"""

# A copy of this machine in which nothing that is written stays: its files below, memory above.
COPY = r"""
set -eu
cd "$1"
mkdir memory copy
mount -t tmpfs atelier memory
mkdir memory/above memory/work
mount -t overlay atelier -o lowerdir=/,upperdir=memory/above,workdir=memory/work copy
mkdir -p copy/given copy/proc copy/dev copy/etc/systemd/system/multi-user.target.wants
cp now.deb later.deb copy/given/
cp systemctl copy/usr/bin/systemctl.ours
chmod 755 copy/usr/bin/systemctl.ours
mv copy/usr/bin/systemctl.ours copy/usr/bin/systemctl
mount -t proc proc copy/proc
mount --rbind /dev copy/dev
exec chroot copy sh -c "$2"
"""


def test_install_upgrade_remove_and_purge_leave_what_policy_says(places):
    if os.geteuid() != 0:
        raise Skipped("it takes root to lay a copy of this machine over itself")
    tried = subprocess.run(["unshare", "-m", "sh", "-c", 'cd "$1" && mkdir t && mount -t tmpfs t t && mkdir t/a t/b t/c && mount -t overlay t -o '
                            "lowerdir=/,upperdir=t/a,workdir=t/b t/c", "sh", places.scratch], capture_output=True, text=True)
    if tried.returncode != 0:
        raise Skipped(f"no overlay can be mounted here: {tried.stderr.strip()}")
    newer(places)
    shutil.copy(made(places), places.scratch / "now.deb")
    (places.scratch / "systemctl").write_text(SYSTEMCTL)
    done = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c", COPY, "sh", places.scratch, LIFE], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not pathlib.Path("/given").exists(), "nothing of it stays on this machine"
