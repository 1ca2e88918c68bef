"""Figures of both sides, round by round, and the table that says how they compare."""

import collections
import datetime
import json
import os
import platform
import re
import statistics
import subprocess

from places import ROOT, WORK


class Figure:
    """One line of a targets table. `kind`: "ratio", ours over the peer's; "value", ours alone."""

    def __init__(self, key, name, unit, sign, bound, kind="ratio", peer=""):
        self.key, self.name, self.unit, self.sign, self.bound, self.kind, self.peer = key, name, unit, sign, bound, kind, peer
        self.ours, self.theirs, self.errors, self.peer_errors, self.notes, self.rivals = [], [], 0, 0, [], {}
        self.runs, self.doubts = collections.Counter(), {}  # runs of a side; (side, kind): [the first doubt of that kind, how many runs had one]
        self.tried = True  # False: what the target is about did not happen, so that it is neither held nor missed

    def rival(self, name, value, errors, better):
        """One value of one of several peers; the peer's column shows the best of them (`better`: min or max) by its median."""
        self.peer_errors += errors
        if value is None:  # nothing was measured
            return
        self.rivals.setdefault(name, []).append(value)
        best = better(self.rivals, key=lambda n: statistics.median(self.rivals[n]))
        self.theirs, self.peer = self.rivals[best], best

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    def doubt(self, side, text):
        """What the generator says against a run. Of doubts that differ in nothing but their numbers the first is told, and how many there were."""
        self.doubts.setdefault((side, re.sub(r"[0-9][0-9.,]*", "N", text)), [text, 0])[1] += 1

    def told_doubts(self):
        return [f"{side}, in {count} of {self.runs[side]} runs: {text}" for (side, _), (text, count) in self.doubts.items()]

    def all_notes(self):
        return [*(["peers: " + ", ".join(f"{n} {number(statistics.median(v))}" for n, v in self.rivals.items())] if len(self.rivals) > 1 else []), *self.notes, *self.told_doubts()]

    def ratios(self):
        return [a / b for a, b in zip(self.ours, self.theirs) if b]

    def measured(self):
        """What the target is about: the ratio of the medians, or the median."""
        if not self.ours or (self.kind == "ratio" and not self.theirs):
            return None
        ours = statistics.median(self.ours)
        return ours / statistics.median(self.theirs) if self.kind == "ratio" else ours

    def held(self):
        value = self.measured()
        if value is None or self.sign is None or not (self.tried or self.errors):
            return None
        return (value <= self.bound if self.sign == "≤" else value >= self.bound) and self.errors == 0

    def spread(self):
        values = self.ratios() if self.kind == "ratio" else self.ours
        return (min(values), max(values)) if values else None


def number(value):
    if value is None:
        return "–"
    if value == 0:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.4f}"


def commit():
    """What is checked out, and whether there are changes beyond it."""
    head = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True).stdout.strip()
    changed = subprocess.run(["git", "-C", ROOT, "status", "--porcelain"], capture_output=True, text=True).stdout.strip()
    return head + ("+changes" if changed else "")


class Table:
    def __init__(self):
        self.figures, self.began = [], datetime.datetime.now(datetime.timezone.utc)
        self.commit = commit()  # of what is measured: an hour later the folder may hold another

    def add(self, *words, **named):
        figure = Figure(*words, **named)
        self.figures.append(figure)
        return figure

    def rows(self):
        for f in self.figures:
            theirs = statistics.median(f.theirs) if f.theirs else None
            ours = statistics.median(f.ours) if f.ours else None
            spread = f.spread()
            target = "–" if f.sign is None else f"{f.sign} {number(f.bound)}"
            verdict = {True: "held", False: "MISSED", None: "–" if f.tried else "not tried"}[f.held()]
            yield [f"{f.name}" + (f" ({f.unit})" if f.unit else ""), number(ours), number(theirs) + (f" {f.peer}" if f.peer and theirs is not None else ""),
                   number(f.measured()) if f.kind == "ratio" else "–", f"{number(spread[0])}–{number(spread[1])}" if spread else "–", target, verdict,
                   str(len(f.ours)), str(f.errors) + (f" / {f.peer_errors}" if f.theirs else "")]

    HEAD = ["figure", "ours", "peer", "ratio", "spread", "target", "", "rounds", "errors ours / peer"]

    def text(self):
        rows = [self.HEAD, *self.rows()]
        widths = [max(len(r[i]) for r in rows) for i in range(len(self.HEAD))]
        lines = ["  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(r, widths))).rstrip() for r in rows]
        lines.insert(1, "-" * max(map(len, lines)))
        lines += [f"  {f.name}: {note}" for f in self.figures for note in f.all_notes()]
        return "\n".join(lines)

    def markdown(self):
        lines = ["| " + " | ".join(h or "held" for h in self.HEAD) + " |", "|" + "---|" * len(self.HEAD)]
        lines += ["| " + " | ".join(r) + " |" for r in self.rows()]
        lines += [""] + [f"- {f.name}: {note}" for f in self.figures for note in f.all_notes()]
        return "\n".join(lines).rstrip() + "\n"

    def facts(self):
        model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8") if line.startswith("model name")), platform.machine())
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
        return {"commit": self.commit, "machine": f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, Linux {platform.release()}",
                "date": self.began.strftime("%Y-%m-%d %H:%M UTC")}

    def write(self, name):
        folder = WORK / "results"
        folder.mkdir(parents=True, exist_ok=True)
        content = {**self.facts(), "figures": [{"key": f.key, "name": f.name, "unit": f.unit, "target": [f.sign, f.bound], "kind": f.kind, "ours": f.ours,
                                                "theirs": f.theirs, "measured": f.measured(), "held": f.held(), "errors": f.errors,
                                                "peer_errors": f.peer_errors, "rivals": f.rivals, "notes": [*f.notes, *f.told_doubts()]} for f in self.figures]}
        (folder / f"{name}.json").write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        (folder / f"{name}.md").write_text(self.markdown())
        return folder / f"{name}.json"
