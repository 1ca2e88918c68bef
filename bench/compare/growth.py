"""How the cost grows: with the data, the workers, the connections, the page."""

import os
import statistics

import peers
import plot
from bends import Measured, explain, flat, limit, proportional, reason
from data import HEAVY, serving
from load import load, settle
from places import WORK, say
from processes import KernelMemory, allow_files, resident_mib, stop_all, waits
from rounds import alternate, record

CONNECTIONS = (16, 64, 256, 1024, 4096, 10_000)


drawn = []  # files of this run, in order


def draw(name, *words, **named):
    folder = WORK / "results"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"growth-{name}.svg"
    file.write_text(plot.chart(*words, **named))
    drawn.append(file)


def median_points(figures):
    return [(x, statistics.median(f.ours)) for x, f in figures.items() if f.ours]


CORES = os.cpu_count() or 1


def mean_busy(runs):
    return {name: statistics.median(run.busy[name] for run in runs) for name in runs[0].busy}


def blocks(server):
    """Blocks that PostgreSQL found in its own memory, and that it had to ask the kernel for."""
    return [int(n) for n in server.sql("atelier", "select blks_hit, blks_read from pg_stat_database where datname = 'atelier';").split("|")]


def rows(server):
    """Rows and index entries that PostgreSQL has looked at."""
    return int(server.sql("atelier", "select tup_returned from pg_stat_database where datname = 'atelier';"))


def with_data(table, plan, products):
    """The same reads of a hundredth, a tenth and the whole, all three running, in turns."""
    sizes = sorted({max(100, products // 100), max(100, products // 10), products})
    servers, stacks, runs, read = {}, {}, {size: [] for size in sizes}, {}
    figure = table.add("growth-data", f"answers a second of {sizes[-1]:,} products against {sizes[0]:,}", "/s", "≥", 0.85, peer="the hundredth")
    each = {size: table.add(f"growth-data-{size}", f"answers a second, {size:,} products", "/s", None, None, kind="value") for size in sizes}
    try:
        for size in sizes:
            servers[size] = serving(size)[0]
            stacks[size] = peers.our_stack(servers[size])
            settle(stacks[size], plan, "reads", times=7, set={"products": size})

        def measure(size):
            options = {"closed": True, "connections": 64, "set": {"products": size}}
            load(stacks[size][-1].port, "reads", plan.warm_up, seed=99, **options)
            groups = {"workers": stacks[size][:-1], "the proxy": [stacks[size][-1]], "PostgreSQL": [servers[size].process]}
            before = blocks(servers[size])
            run = load(stacks[size][-1].port, "reads", plan.seconds, groups=groups, seed=1 + len(each[size].ours), **options)
            hit, asked = (b - a for a, b in zip(before, blocks(servers[size])))
            runs[size].append(run)
            read[size] = f"{100 * asked / max(1, hit + asked):.1f} % of the blocks were not in PostgreSQL's memory"
            record(each[size], True, run, run.rate)
            if size == sizes[-1]:
                record(figure, True, run, run.rate)
            elif size == sizes[0]:
                record(figure, False, run, run.rate)
        alternate(plan, "data", [lambda s=s: measure(s) for s in sizes])
        explain(each, median_points(each), flat, lambda size: f"{read[size]}; {limit(mean_busy(runs[size]), CORES)}")
        draw("data", "Uniform reads, cache off", "products", "answers/s", {"answers a second": median_points(each)})
    finally:
        for stack in stacks.values():
            stop_all(stack)
        for server in servers.values():
            server.stop()


def with_workers(table, plan, products):
    server, _ = serving(products)
    rate, cpu, runs = {}, {}, {}
    try:
        for n in (1, 2, 3, 4):
            rate[n] = table.add(f"growth-workers-{n}", f"answers a second, {n} worker{'s' * (n > 1)} behind the proxy", "/s", None, None, kind="value")
            cpu[n] = table.add(f"growth-workers-cpu-{n}", f"CPU a read, whole stack, {n} worker{'s' * (n > 1)} behind the proxy", "µs", None, None, kind="value")
            stack = peers.our_stack(server, workers=n)
            try:
                options = {"closed": True, "connections": 64, "set": {"products": products}}
                settle(stack, plan, "reads", times=7, set={"products": products})
                groups = {"workers": stack[:-1], "the proxy": [stack[-1]], "PostgreSQL": [server.process]}
                for i in range(plan.rounds):
                    plan.check()
                    run = load(stack[-1].port, "reads", plan.seconds, [*stack, server.process], groups=groups, seed=1 + i, **options)
                    runs.setdefault(n, []).append(run)
                    record(rate[n], True, run, run.rate)
                    record(cpu[n], True, run, run.cpu_us)
            finally:
                stop_all(stack)
        costs = dict(median_points(cpu))
        explain(rate, median_points(rate), proportional, lambda n: f"a read costs {costs[n]:.1f} µs of CPU, with one worker fewer {costs[n - 1]:.1f}; "
                f"{limit(mean_busy(runs[n]), CORES)}")
        explain(cpu, median_points(cpu), flat, lambda n: beside(cpu, n, lambda each: cost_of_each(runs[each], costs[each])))
        draw("workers", "Uniform reads by workers, cache off", "workers", "answers/s", {"answers a second": median_points(rate)}, log_x=False)
    finally:
        server.stop()


def beside(figures, x, measured, is_cost=True):
    """Why the curve bends at x: what was measured at it and at the point before. `measured(x)`: {name: Measured}."""
    points = dict(median_points(figures))
    before = max(other for other in points if other < x)
    moved = points[x] / points[before]
    return reason(moved if is_cost else 1 / moved, measured(before), measured(x))


def busy_beside(runs, *names):
    busy = mean_busy(runs)
    return {f"cores that {name} kept busy": Measured(busy[name], f"{busy[name]:.2f}", least=0.05) for name in names}


def cost_of_each(runs, cpu_us):
    """Of the CPU of a read, the part of each that has one."""
    busy = {name: share for name, share in mean_busy(runs).items() if name not in ("generator", "others")}
    costs = {name: cpu_us * share / sum(busy.values()) for name, share in busy.items()}
    return {f"CPU of {name} a read": Measured(cost, f"{cost:.1f} µs") for name, cost in costs.items()}


def median_cost(runs):
    return statistics.median([run.cpu_us for run in runs if run.answered] or [0])


def with_connections(table, plan, products):
    """One worker, its cache warm: what connections cost it."""
    server, _ = serving(products)
    rate, cpu, tail, memory, sleeps = {}, {}, {}, {}, {}
    full, steady = {}, {}  # runs: the worker saturated, and at 5,000 a second
    most = min(CONNECTIONS[-1], allow_files(65536) - 1000)
    worker = peers.worker(server, cache_mb=64, more=["--connections-max", 12_000])
    try:
        target = "/reviews/?product_id=2"
        load(worker.port, target, plan.warm_up, closed=True, connections=16)
        for n in [min(n, most) for n in CONNECTIONS]:
            rate[n] = table.add(f"growth-connections-{n}", f"cached answers a second, {n:,} connections", "/s", None, None, kind="value")
            cpu[n] = table.add(f"growth-connections-cpu-{n}", f"CPU a cached answer, {n:,} connections", "µs", None, None, kind="value")
            tail[n] = table.add(f"growth-connections-p99-{n}", f"p99 at 5,000 cached answers a second, {n:,} connections", "ms", None, None, kind="value")
            full[n], steady[n], groups = [], [], {"the worker": [worker]}
            for _ in range(plan.rounds):
                plan.check()
                slept = waits(worker)
                with KernelMemory() as kernel:
                    run = load(worker.port, target, plan.seconds, [worker], groups=groups, closed=True, connections=n)
                memory[n] = resident_mib(worker)[0] + kernel.mib
                sleeps[n] = (waits(worker) - slept) / max(1, run.answered)
                full[n].append(run)
                record(rate[n], True, run, run.rate)
                record(cpu[n], True, run, run.cpu_us)
                run = load(worker.port, target, plan.seconds, [worker], groups=groups, rate=5000, connections=n)
                steady[n].append(run)
                record(tail[n], True, run, run.latency_ms["p99"])

        def cost(name, runs):
            return {name: Measured(median_cost(runs), f"{median_cost(runs):.2f} µs")}

        def walked(n):
            return {"memory gone through in turn, the worker's and the kernel's for both ends": Measured(memory[n], f"{memory[n]:.0f} MiB", least=2)}

        def when_full(n):
            return {**walked(n), "waits of the worker, an answer": Measured(sleeps[n], f"{sleeps[n]:.2f}", least=0.02), **busy_beside(full[n], "others")}

        def at_rate(n):
            late = statistics.median(run.late_ms for run in steady[n])
            return {"starts late by the generator's own fault, p99": Measured(late, f"{late:.2f} ms", least=0.02), **cost("CPU an answer at that rate", steady[n]),
                    **busy_beside(steady[n], "the worker", "generator", "others")}

        explain(rate, median_points(rate), flat, lambda n: beside(rate, n, lambda each: cost("CPU an answer", full[each]), is_cost=False) + "; "
                + limit(mean_busy(full[n]), CORES))
        explain(cpu, median_points(cpu), flat, lambda n: beside(cpu, n, when_full))
        explain(tail, median_points(tail), flat, lambda n: beside(tail, n, at_rate))
        draw("connections", "One worker, cached answer", "connections", "CPU a request, µs", {"CPU a request": median_points(cpu)})
    finally:
        worker.stop()
        server.stop()


def with_pages(table, plan, products):
    """Products with few and with many reviews, and pages of several sizes; cache off, so that the database does the work."""
    server, _ = serving(products)
    worker = peers.worker(server)
    by_reviews, by_count, size = {}, {}, {}

    def measure(figures, key, name, target):
        figures[key] = table.add(f"growth-{name}", f"CPU a page, worker and database: {name}", "µs", None, None, kind="value")
        before, answered = rows(server), load(worker.port, target, plan.warm_up, closed=True, connections=16).answered
        for _ in range(plan.rounds):
            plan.check()
            run = load(worker.port, target, plan.seconds, [worker, server.process], closed=True, connections=16)
            record(figures[key], True, run, run.cpu_us)
            answered += run.answered
        size[name] = f"for an answer of {run.bytes_each / 1000:,.1f} KB the database looks at some {(rows(server) - before) / max(1, answered):,.0f} rows"
        return name

    try:
        names = {}
        for beyond, reviews in HEAVY:
            names[reviews] = measure(by_reviews, reviews, f"5 of {reviews:,} reviews, relevant first", f"/reviews/?product_id={products + beyond}&count=5")
        explain(by_reviews, median_points(by_reviews), flat, lambda reviews: size[names[reviews]])
        names = {}
        for count in (5, 50, 500, 5000):
            names[count] = measure(by_count, count, f"{count:,} of 20,000 reviews, newest first", f"/reviews/?product_id={products + HEAVY[-1][0]}&count={count}&sort=newest")
        explain(by_count, median_points(by_count), proportional, lambda count: size[names[count]])
        draw("reviews", "A page of five by the product's reviews", "reviews", "CPU a page, µs", {"relevant": median_points(by_reviews)})
        draw("page", "A page by its size", "reviews on the page", "CPU a page, µs", {"newest": median_points(by_count)})
    finally:
        worker.stop()
        server.stop()


PARTS = {"data": with_data, "workers": with_workers, "connections": with_connections, "pages": with_pages}


def compare(table, plan, products, parts):
    for name in parts or PARTS:
        say(f"== growth: {name}")
        PARTS[name](table, plan, products)
