"""Rounds: A and B in turn, B first every other time, until there are enough or the time is over."""

import time

from places import Trouble, say


class OutOfTime(Exception):
    pass


class Plan:
    """How much of everything: `quick` in minutes, `full` as long as it takes to be sure."""

    def __init__(self, quick, minutes, rounds=None, seconds=None):
        self.quick = quick
        self.rounds = rounds or 5
        self.seconds = seconds or (3 if quick else 12)
        self.warm_up = max(1, self.seconds // 4)
        self.until = time.monotonic() + minutes * 60

    def in_short_rounds(self):
        """Five times as many of a fifth of the length. For tails: where another guest of the machine takes the processor away for some
        milliseconds now and then, most long rounds are hit and most short ones are not, and the median is of what was measured."""
        short = Plan(self.quick, 0, self.rounds * 5, max(1, self.seconds / 5))
        short.until = self.until
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


def record(figure, ours, run, value):
    """Adds a value to one side of a figure, with the errors that it came with."""
    (figure.ours if ours else figure.theirs).append(value)
    if ours:
        figure.errors += run.errors
    else:
        figure.peer_errors += run.errors
    if run.errors and run.examples:
        figure.note(("ours" if ours else "peer") + " failed, for example: " + run.examples[0])


def require(condition, why):
    if not condition:
        raise Trouble(why)
