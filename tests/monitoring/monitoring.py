"""Holds docs/monitoring to what the programs really expose: the table, the rules and the board, against a running proxy, workers and PostgreSQL.

    python3 tests/monitoring/monitoring.py [build/PRESET]

Debian's packages prometheus and prometheus-postgres-exporter have promtool, a Prometheus and the exporter of the board's last row (./dev test unpacks them); what
needs one that PATH does not have says so and counts as skipped.
"""

import contextlib
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).parents[2]
DOCS = ROOT / "docs" / "monitoring"

# What is not ours: postgres_exporter's standard metrics with their labels, which a test holds to a real one, and what Prometheus adds.
POSTGRES = {
    "pg_up": set(),
    "pg_settings_max_connections": set(),
    "pg_stat_activity_count": {"datname", "state"},
    "pg_stat_activity_max_tx_duration": {"datname", "state"},
    "pg_locks_count": {"datname", "mode"},
    "pg_database_size_bytes": {"datname"},
    **{f"pg_stat_database_{name}": {"datname"}
       for name in ("xact_commit", "xact_rollback", "blks_hit", "blks_read", "deadlocks", "conflicts", "temp_bytes")},
}
BY_PROMETHEUS = {"up": set()}
TARGET_LABELS = {"instance", "job"}


class Skipped(Exception):
    pass


# ---- the roles -------------------------------------------------------------------------------------------------------------------------


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ask(port, path, method="GET", body=None, headers=None):
    """Status and text; 0 where nobody answers."""
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers or {}, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()
    except OSError:
        return 0, ""


def wait_for(what, is_true, seconds=60):
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.1)


class Roles:
    """atelier up for the database, and two workers and a proxy of our own, which have admin addresses."""

    def __init__(self, program, folder, keep):
        self.program, self.folder, self.keep = program, folder, keep
        up = self.start("up", "--data", folder / "data", "--products", "50", "--workers", "1", "--listen", f"127.0.0.1:{free_port()}",
                        "--admin", f"127.0.0.1:{free_port()}")
        said = folder / "up.out"
        wait_for("atelier up", lambda: "Ctrl-C" in said.read_text() or up.poll() is not None, 120)
        found = re.search(r'psql "([^"]+)"', said.read_text())
        assert found, (folder / "up.err").read_text()
        self.database = found.group(1)
        self.workers = [free_port(), free_port()]
        self.worker_admins = [free_port(), free_port()]
        for port, admin in zip(self.workers, self.worker_admins):
            self.start("api", "--listen", f"127.0.0.1:{port}", "--admin", f"127.0.0.1:{admin}", "--db", self.database, "--access-log", "sampled",
                       "--access-log-file", folder / "access.log", name=f"api{port}")
        self.proxy, self.proxy_admin = free_port(), free_port()
        self.start("lb", "--listen", f"127.0.0.1:{self.proxy}", "--admin", f"127.0.0.1:{self.proxy_admin}", "--access-log", "sampled",
                   "--access-log-file", folder / "access.log", *[word for port in self.workers for word in ("--worker", f"127.0.0.1:{port}")])
        for port in self.worker_admins + [self.proxy_admin]:
            wait_for("a role to be ready", lambda p=port: ask(p, "/ready")[0] == 200)
        wait_for("the caches", lambda: all("cache_usable 1" in ask(p, "/metrics")[1] for p in self.worker_admins))

    def start(self, role, *words, name=None):
        out, err = (open(self.folder / f"{name or role}.{kind}", "wb") for kind in ("out", "err"))
        process = subprocess.Popen([self.program, role, *map(str, words)], stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        self.keep(process)
        return process

    def traffic(self):
        for product in range(1, 30):
            for path in (f"/reviews?product_id={product}", f"/reviews/meta?product_id={product}", f"/qa/questions?product_id={product}"):
                assert ask(self.proxy, path)[0] == 200, path
        for path in ("/reviews/1", "/qa/questions/1/answers", "/openapi.json", "/docs"):
            assert ask(self.proxy, path)[0] == 200, path
        for path in ("/reviews/1/helpful", "/qa/questions/1/helpful", "/qa/answers/1/helpful"):
            assert ask(self.proxy, path, "PUT")[0] == 204, path
        assert ask(self.proxy, "/nothing")[0] == 404
        assert ask(self.proxy, "/reviews", "POST", b"{}", {"Content-Type": "application/json"})[0] == 422

    def exposed(self):
        """{role: text of its /metrics}"""
        return {"api": ask(self.worker_admins[0], "/metrics")[1], "lb": ask(self.proxy_admin, "/metrics")[1]}


def families_of(text):
    """{name: (type, labels)} of a page in Prometheus' text form."""
    found = {name: (kind, set()) for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M)}
    for name, labels in re.findall(r"^(\w+)(?:\{(.*)\})? \S+$", text, re.M):
        if name not in found:
            name = re.sub(r"_(bucket|sum|count)$", "", name)
        found[name][1].update(set(re.findall(r'(\w+)="', labels)) - {"le"})
    return found


def series_of(families):
    """{name: labels} as a query names them: a histogram is three."""
    series = {}
    for name, (kind, labels) in families.items():
        if kind == "histogram":
            series |= {f"{name}_bucket": labels | {"le"}, f"{name}_sum": labels, f"{name}_count": labels}
        else:
            series[name] = labels
    return series


# ---- what is asked of them -------------------------------------------------------------------------------------------------------------

WORDS = {"by", "on", "and", "or", "unless", "without", "ignoring", "group_left", "group_right", "bool", "offset"}


def read_query(text):
    """({metric: labels that its selector names}, labels that it groups by). Enough of PromQL for ours."""
    text = re.sub(r'"[^"]*"', '""', text)
    groups = r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)"
    grouped = {label.strip() for found in re.findall(groups, text) for label in found.split(",")}
    text = re.sub(r"\[[^\]]*\]", "", re.sub(groups, "", text))
    used = {}
    for name, selector in re.findall(r"(?<![\w$.])([a-zA-Z_]\w*)\b(?!\s*\()\s*(?:\{([^}]*)\})?", text):
        if name not in WORDS:
            used.setdefault(name, set()).update(re.findall(r"(\w+)\s*[=!]", selector))
    return used, grouped


def check_query(where, query, known):
    used, grouped = read_query(query)
    assert used, f"{where}: no metric in {query}"
    for name, labels in used.items():
        assert name in known, f"{where}: nobody exposes {name}"
        missing = labels - known[name] - TARGET_LABELS
        assert not missing, f"{where}: {name} has no label {', '.join(missing)}"
    missing = grouped - TARGET_LABELS - set().union(*(known[name] for name in used))
    assert not missing, f"{where}: no metric of {query} has the label {', '.join(missing)}"


def rules():
    return [rule for group in yaml.safe_load((DOCS / "alerts.yml").read_text())["groups"] for rule in group["rules"]]


def panels():
    found = []
    for panel in json.loads((DOCS / "grafana.json").read_text())["panels"]:
        found += [panel, *panel.get("panels", [])]
    return found


def table():
    """{metric: (type, labels, last column)} of metrics.md."""
    rows = {}
    for name, labels, kind, watch in re.findall(r"^\| `(\w+)(?:\{([\w,]+)\})?` \| (\w+) \| [^|]+ \| ([^|]*) ?\|$", (DOCS / "metrics.md").read_text(), re.M):
        assert name not in rows, f"{name} stands in the table twice"
        rows[name] = (kind, set(labels.split(",")) if labels else set(), watch)
    return rows


# ---- the tests -------------------------------------------------------------------------------------------------------------------------


def tool(name, package="prometheus"):
    path = shutil.which(name)
    if not path:
        raise Skipped(f"there is no {name} in PATH (Debian's package {package} has it)")
    return path


def passes(*words, text=None):
    done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not (text and done.stdout + done.stderr), f"{' '.join(map(str, words))}: {done.stdout}{done.stderr}"


def the_metrics_are_as_prometheus_wants_them(house):
    for text in house.pages.values():
        passes(tool("promtool"), "check", "metrics", text=text)


def the_table_says_all_that_is_exposed_and_nothing_else(house):
    said = table()
    for name, (kind, labels) in house.families.items():
        assert name in said, f"{name} is exposed and not in metrics.md"
        assert said[name][:2] == (kind, labels), f"metrics.md says of {name}: {said[name][:2]}; it is {(kind, labels)}"
    gone = said.keys() - house.families.keys()
    assert not gone, f"metrics.md has what nobody exposes: {', '.join(sorted(gone))}"


def the_table_names_each_alert_beside_a_metric_that_it_uses(house):
    named = {}
    for metric, (_, _, watch) in table().items():
        for alert in re.findall(r"Atelier\w+", watch):
            named.setdefault(alert, set()).add(metric)
    uses = {rule["alert"]: {re.sub(r"_(bucket|sum|count)$", "", name) for name in read_query(rule["expr"])[0]} for rule in rules()}
    assert not named.keys() - uses.keys(), f"no such alert: {', '.join(named.keys() - uses.keys())}"
    for alert, metrics in uses.items():
        if metrics & house.families.keys():
            assert named.get(alert, set()) & metrics, f"metrics.md does not say at one of its metrics that {alert} uses it"


def the_rules_are_valid_and_ring_when_they_must(house):
    passes(tool("promtool"), "check", "rules", DOCS / "alerts.yml")
    passes(tool("promtool"), "test", "rules", DOCS / "alerts_test.yml")


def each_rule_asks_for_what_exists_and_says_what_to_do(house):
    seen = set()
    for rule in rules():
        name = rule["alert"]
        assert name not in seen, f"{name} stands there twice"
        seen.add(name)
        check_query(name, rule["expr"], house.known)
        assert rule["labels"]["severity"] in ("critical", "warning", "info"), f"{name}: its severity"
        assert "for" in rule, f"{name}: no `for`"
        assert len(rule["annotations"]["summary"]) > 20 and len(rule["annotations"]["description"]) > 60, f"{name}: it does not say what to do"


def the_board_is_whole(house):
    board = json.loads((DOCS / "grafana.json").read_text())
    assert board["schemaVersion"] >= 37 and board["title"] and board["uid"]
    variables = {v["name"]: v for v in board["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    ids = [panel["id"] for panel in panels()]
    assert len(ids) == len(set(ids)), "two panels have the same id"
    rows = [panel["title"] for panel in panels() if panel["type"] == "row"]
    assert len(rows) == 4, rows
    places = [tuple(panel["gridPos"][k] for k in "xywh") for panel in panels()]
    for i, (x, y, w, h) in enumerate(places):
        assert x + w <= 24, f"{panels()[i]['title']} leaves the board"
        for other in places[:i]:
            apart = x + w <= other[0] or other[0] + other[2] <= x or y + h <= other[1] or other[1] + other[3] <= y
            assert apart, f"{panels()[i]['title']} lies over another panel"
    for panel in panels():
        if panel["type"] == "row":
            continue
        title = panel["title"]
        assert panel["description"] and panel["fieldConfig"]["defaults"]["unit"], f"{title}: no description or no unit"
        assert panel["targets"], f"{title}: no query"
        assert len({t["refId"] for t in panel["targets"]}) == len(panel["targets"]), f"{title}: two queries of one name"
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}", f"{title}: not the chosen data source"
            unknown = set(re.findall(r"\$(\w+)", target["expr"])) - variables.keys() - {"__rate_interval"}
            assert not unknown, f"{title}: no such variable: {unknown}"


def the_board_asks_for_what_exists(house):
    for panel in panels():
        for target in panel.get("targets", []):
            check_query(panel["title"], target["expr"], house.known)
    for variable in json.loads((DOCS / "grafana.json").read_text())["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"]).groups()
            assert metric in house.known and label in house.known[metric] | TARGET_LABELS, variable["name"]


@contextlib.contextmanager
def running_prometheus(house):
    targets = {"atelier-lb": [house.proxy_admin], "atelier-api": house.worker_admins}
    (house.folder / "prometheus.yml").write_text(yaml.safe_dump({
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(DOCS / "alerts.yml")],
        "scrape_configs": [{"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}" for port in ports]}]} for job, ports in targets.items()],
    }))
    port = free_port()
    with open(house.folder / "prometheus.log", "wb") as log:
        process = subprocess.Popen([tool("prometheus"), f"--config.file={house.folder / 'prometheus.yml'}", f"--storage.tsdb.path={house.folder / 'series'}",
                                    f"--web.listen-address=127.0.0.1:{port}"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    house.keep(process)
    try:
        wait_for("Prometheus", lambda: ask(port, "/-/ready")[0] == 200)
        yield port
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def running_exporter(house):
    """postgres_exporter as it comes, on the database that the roles use."""
    program, port = tool(*["prometheus-postgres-exporter"] * 2), free_port()
    with open(house.folder / "exporter.log", "wb") as log:
        process = subprocess.Popen([program, f"--web.listen-address=127.0.0.1:{port}"], env={"DATA_SOURCE_NAME": f"{house.database} sslmode=disable"},
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    house.keep(process)
    try:
        wait_for("postgres_exporter", lambda: ask(port, "/metrics")[0] == 200)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def what_is_asked_of_the_database_is_what_its_exporter_says(house):
    with running_exporter(house) as port:
        text = ask(port, "/metrics")[1]
    assert re.search(r"^pg_up(\{.*\})? 1$", text, re.M), (house.folder / "exporter.log").read_text()
    found = series_of(families_of(text))
    for name, labels in POSTGRES.items():
        assert name in found, f"postgres_exporter has no {name}"
        assert labels <= found[name], f"postgres_exporter's {name} has no label {', '.join(labels - found[name])}"


def evaluate(port, query):
    status, text = ask(port, "/api/v1/query?" + urllib.parse.urlencode({"query": query}))
    assert status == 200, f"{query}: {text}"
    return json.loads(text)["data"]["result"]


def a_real_prometheus_answers_every_query(house):
    with running_prometheus(house) as port:
        wait_for("all targets", lambda: len(evaluate(port, "up == 1")) == 3)
        house.traffic()
        wait_for("a rate", lambda: evaluate(port, "sum(rate(atelier_lb_requests_total[30s])) > 0"))
        house.traffic()
        wait_for("rates of votes", lambda: evaluate(port, "sum(rate(atelier_api_votes_total[30s])) > 0"))
        for panel in panels():
            for target in panel.get("targets", []):
                query = re.sub(r'"\$[\w$|]+"', '".*"', target["expr"].replace("$__rate_interval", "30s"))
                found = evaluate(port, query)
                is_ours = not read_query(query)[0].keys() & POSTGRES.keys()
                assert found or not is_ours, f"{panel['title']}: nothing for {query}"
        for rule in rules():
            evaluate(port, rule["expr"])
        alerts = json.loads(ask(port, "/api/v1/alerts")[1])["data"]["alerts"]
        ringing = [a["labels"]["alertname"] for a in alerts if a["state"] == "firing"]  # a busy machine may make some wait
        assert not ringing, f"rings where all is well: {ringing}"


TESTS = [
    the_metrics_are_as_prometheus_wants_them,
    the_table_says_all_that_is_exposed_and_nothing_else,
    the_table_names_each_alert_beside_a_metric_that_it_uses,
    the_rules_are_valid_and_ring_when_they_must,
    each_rule_asks_for_what_exists_and_says_what_to_do,
    the_board_is_whole,
    the_board_asks_for_what_exists,
    what_is_asked_of_the_database_is_what_its_exporter_says,
    a_real_prometheus_answers_every_query,
]


def main():
    program = (pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/release") / "atelier").resolve()
    counts = {"passed": 0, "FAILED": 0, "skipped": 0}
    processes = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)  # PostgreSQL may run as another user
        try:
            house = Roles(program, folder, processes.append)
            house.traffic()
            house.pages = house.exposed()
            house.families = families_of(house.pages["api"]) | families_of(house.pages["lb"])
            house.known = series_of(house.families) | POSTGRES | BY_PROMETHEUS
            for test in TESTS:
                why = ""
                try:
                    test(house)
                    outcome = "passed"
                except Skipped as e:
                    outcome, why = "skipped", f": {e}"
                except AssertionError as e:
                    outcome, why = "FAILED", f": {e}"
                counts[outcome] += 1
                print(f"{outcome:7} {test.__name__.replace('_', ' ')}{why}")
        finally:
            for process in reversed(processes):
                process.terminate()
            for process in processes:
                process.wait(60)
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    print(f"{counts['passed']} passed, {counts['FAILED']} failed{skipped}")
    return 1 if counts["FAILED"] else 0


if __name__ == "__main__":
    sys.exit(main())
