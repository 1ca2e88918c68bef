"""Rounds: A and B in turn, B first every other time, until there are enough or the time is over."""

import time

from places import Trouble, say
from processes import stolen_seconds


class OutOfTime(Exception):
    pass


class Plan:
    """How much of everything: `quick` in minutes, `full` as long as it takes to be sure."""

    def __init__(self, quick, minutes, rounds=None, seconds=None):
        self.quick = quick
        self.rounds = rounds or 5
        self.seconds = seconds or (3 if quick else 12)
        self.warm_up = self.seconds / 4
        self.until = time.monotonic() + minutes * 60

    def in_short_rounds(self, times=5):
        """Up to so many times as many rounds, each as much shorter, none shorter than a second. Other guests of a machine slow it down for
        seconds (to half its speed was seen): of many short rounds in turns each side has its share of both, and the median is of what was measured."""
        times = max(1, min(times, int(self.seconds)))
        short = Plan(self.quick, 0, self.rounds * times, self.seconds / times)
        short.warm_up, short.until = self.warm_up / times, self.until
        return short

    def check(self):
        if time.monotonic() > self.until:
            raise OutOfTime()


def alternate(plan, what, sides):
    """Calls each of the two (or more) sides once a round, in turning order. Yields nothing; each side records what it measured."""
    for i in range(plan.rounds):
        say(f"  {what}: round {i + 1} of {plan.rounds}")
        order = list(sides) if i % 2 == 0 else list(reversed(sides))
        for side in order:
            plan.check()
            side()


class Undisturbed:
    """Measures tails: once more, at most `tries` times in all, where the hypervisor gave the processors to another guest meanwhile (steal time,
    proc(5)), for whichever side it is. The least disturbed run counts, the errors are those of all. One such moment of 20 ms is the p99 of two seconds."""

    def __init__(self, tries=4):
        self.tries, self.measured, self.repeated, self.left = tries, 0, 0, 0

    def run(self, measure):
        best, errors = None, 0
        for i in range(self.tries):
            before = stolen_seconds()
            run = measure()
            stolen = stolen_seconds() - before
            self.repeated += i > 0
            errors += run.errors
            if best is None or stolen < best[0]:
                best = stolen, run
            if stolen == 0:
                break
        self.measured += 1
        self.left += best[0] > 0
        best[1].errors = errors
        return best[1]

    def note(self, figure):
        if self.repeated:
            figure.note(f"the hypervisor took processor time meanwhile: {self.repeated} runs beyond the {self.measured} that count, of which {self.left} still had some of it taken")


def record(figure, ours, run, value):
    """Adds a value to one side of a figure, with the errors that it came with and the generator's doubts. None: nothing was measured."""
    if value is not None:
        (figure.ours if ours else figure.theirs).append(value)
    record_errors(figure, ours, run.errors, next(iter(run.examples), ""))
    record_doubts(figure, "ours" if ours else "peer", run)


def record_errors(figure, ours, count, example):
    if ours:
        figure.errors += count
    else:
        figure.peer_errors += count
    if count and example:
        figure.note(("ours" if ours else "peer") + " failed, for example: " + example)


def record_doubts(figure, side, run):
    """Those of a run of one side, "ours", "peer" or a peer's name."""
    figure.runs[side] += 1
    for doubt in run.doubts:
        figure.doubt(side, doubt)


def require(condition, why):
    if not condition:
        raise Trouble(why)
