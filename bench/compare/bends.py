"""Where a curve bends, and why: from what was measured beside it, so that nobody has to guess."""

import collections


def bends(points, expected, tolerance=0.15):
    """The x of points whose y is off by more than the tolerance from what the point before lets expect: expected(x0, y0, x)."""
    ordered = sorted(points)
    return [x for (x0, y0), (x, y) in zip(ordered, ordered[1:]) if abs(y / expected(x0, y0, x) - 1) > tolerance]


def flat(x0, y0, x):
    return y0


def proportional(x0, y0, x):
    return y0 * x / x0


def limit(busy, cores):
    """Who holds a rate down, from the cores that each kept busy."""
    shares = ", ".join(f"{name} {share:.2f}" for name, share in busy.items())
    total = sum(busy.values())
    if busy.get("others", 0) >= 0.25 * cores:
        why = f"something else used this machine ({shares} of {cores} cores)"
    elif total >= 0.85 * cores:  # beyond it, of what shares them somebody always waits for a core
        why = f"no core was free for long: what is added takes from what is there ({shares} of {cores} cores)"
    else:
        name, most = max(busy.items(), key=lambda each: each[1])
        if name == "generator" and most >= 0.9:
            why = f"the generator was the limit, not the server ({shares} of {cores} cores)"
        elif most >= 0.9:
            why = f"{name} had no time left ({shares} of {cores} cores)"
        else:
            why = f"nobody was busy all the time: they waited for one another ({shares} of {cores} cores)"
    return why


class Measured(collections.namedtuple("Measured", "value text least", defaults=[0])):
    """Something that was measured beside a curve: the higher, the higher is the cost to expect. `least`: of a smaller difference nothing comes."""


def reason(moved, before, now):
    """What moved with a curve that bends. `before`, `now`: {name: Measured} at the point before and at this one; `moved`: the cost now over the one before.
    What moved the same way is named; what did not is no reason, and if nothing did that is said, with what was looked at."""
    together = [name for name in now if moves_with(moved > 1, before[name], now[name])]
    told = ", ".join(f"{name} {before[name].text} → {now[name].text}" for name in together or now)
    return told if together else f"not explained by what was measured: {told}"


def moves_with(upwards, before, now, tolerance=0.15):
    difference = now.value - before.value if upwards else before.value - now.value
    return difference > max(tolerance * before.value, now.least)


def explain(figures, points, expected, why):
    """Notes at each bend what `why(x)` says of it."""
    for x in bends(points, expected):
        figures[x].note(f"the curve bends here: {why(x)}")
