"""etl load against psql's \\copy with indexes afterwards, and against pgloader; etl check on one core."""

import json
import os
import subprocess
import threading
import time
import urllib.request

import peers
from data import FILES, copy_statements, csv_bytes, csv_folder, csv_rows, run
from places import ATELIER, PEERS, Trouble, WORK, say
from postgres import Postgres
from processes import Process
from rounds import alternate


class Timed:
    def __init__(self, words, core=None, environment=None, seconds_max=3600):
        """Runs a program to its end, or kills it. Knows its seconds and its highest resident memory."""
        log = WORK / "logs" / "loader.log"
        began = time.monotonic()
        p = Process("loader", words, core=core, environment=environment)
        limit = threading.Timer(seconds_max, p.process.kill)
        limit.start()
        _, status, usage = os.wait4(p.pid, 0)
        limit.cancel()
        self.seconds = time.monotonic() - began
        p.process.returncode = os.waitstatus_to_exitcode(status)
        p.stop()
        self.peak_mib = usage.ru_maxrss / 1024
        if p.process.returncode != 0:
            raise Trouble(f"'{' '.join(map(str, words))}' ended with code {p.process.returncode}: {log.read_text(errors='replace')[-1500:]}")


def await_answer(port, seconds=60):
    """The first answer that has data in it: the database serves."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for product in range(1, 20):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/reviews/?product_id={product}", timeout=30) as answer:
                if json.load(answer)["results"]:
                    return
        time.sleep(0.01)
    raise Trouble("the worker serves nothing of what was loaded")


def load_ours(server, folder):
    """Files to a first right answer, by a worker that was there before. Returns seconds and the loader's peak in MiB."""
    server.make_database("atelier")
    run([ATELIER, "schema", "apply", "--db", server.conninfo("atelier")])
    server.calm()
    worker = peers.worker(server)
    try:
        began = time.monotonic()
        done = Timed([ATELIER, "etl", "load", folder, "--db", server.conninfo("atelier"), "--rejects", WORK / "rejects", "--max-rejects", "20%"])
        await_answer(worker.port)
        return time.monotonic() - began, done.peak_mib
    finally:
        worker.stop()


def load_psql(server, folder):
    server.make_database("plain")
    server.sql("plain", (PEERS / "tables.sql").read_text())
    server.calm()
    began = time.monotonic()
    server.sql("plain", copy_statements(folder) + (PEERS / "indexes.sql").read_text() + "select count(*) from reviews where product_id = 1;")
    return time.monotonic() - began


COLUMNS = {
    "reviews": "id, product_id, rating, date, summary, body, recommend, reported, reviewer_name, reviewer_email, response [null if 'null'], helpfulness",
    "reviews_photos": "id, review_id, url",
    "characteristics": "id, product_id, name [null if 'null']",
    "characteristic_reviews": "id, characteristic_id, review_id, value",
    "questions": "id, product_id, body, date_written, asker_name, asker_email, reported, helpful",
    "answers": "id, question_id, body, date_written, answerer_name, answerer_email, reported, helpful",
    "answers_photos": "id, answer_id, url",
}


def load_pgloader(server, folder):
    peers.need("pgloader", "pgloader")
    server.make_database("pgloader")
    server.sql("pgloader", (PEERS / "tables.sql").read_text())
    server.calm()
    script = WORK / "pgloader.load"
    script.write_text("".join(f"""LOAD CSV FROM '{folder / (name + ".csv")}' ({COLUMNS[name]})
  INTO postgresql://postgres@unix:{server.socket}:5432/pgloader
  TARGET TABLE {name}
  WITH skip header = 1, fields optionally enclosed by '"', fields escaped by double-quote, fields terminated by ',';
""" for name in FILES))
    began = time.monotonic()
    Timed(["pgloader", "--root-dir", WORK / "pgloader", script], environment={"HOME": str(WORK)})
    server.sql("pgloader", (PEERS / "indexes.sql").read_text())
    seconds = time.monotonic() - began
    loaded = int(server.sql("pgloader", "select " + " + ".join(f"(select count(*) from {name})" for name in FILES)))
    return seconds, loaded


def load_time(table, plan, server, products):
    tenth_folder, clean_folder, damaged_folder = csv_folder(max(1, products // 10)), csv_folder(products), csv_folder(products, 2)
    rows, tenth_rows = csv_rows(clean_folder), csv_rows(tenth_folder)
    clean = table.add("load", f"files to a serving database, {rows:,} rows", "s", "≤", 0.5, peer="psql \\copy")
    damaged = table.add("load-damaged", "the same, 2 % of the rows damaged", "s", "≤", 0.55, peer="psql \\copy, clean")
    memory = table.add("load-memory", "peak memory of the loader", "MiB", "≤", 400, kind="value")
    growth = table.add("load-growth", f"rows a second, {products:,} products against a tenth of it", "/s", "≥", 0.85, peer="a tenth")

    def ours(figure, folder):
        seconds, peak = load_ours(server, folder)
        figure.ours.append(seconds)
        memory.ours.append(peak)
        if figure is clean:
            growth.ours.append(rows / seconds)

    def tenth():
        growth.theirs.append(tenth_rows / load_ours(server, tenth_folder)[0])

    def psql():
        seconds = load_psql(server, clean_folder)
        clean.theirs.append(seconds)
        damaged.theirs.append(seconds)

    alternate(plan, "load", [lambda: ours(clean, clean_folder), psql, lambda: ours(damaged, damaged_folder), tenth])


def against_pgloader(table, plan, server, products):
    folder = csv_folder(max(1, products // 10))
    rows = csv_rows(folder)
    figure = table.add("pgloader", f"files to a serving database, {rows:,} rows", "s", "≤", 0.06, peer="pgloader")

    def peer():
        seconds, loaded = load_pgloader(server, folder)
        figure.theirs.append(seconds)
        figure.peer_errors += rows - loaded

    alternate(plan, "pgloader", [lambda: figure.ours.append(load_ours(server, folder)[0]), peer])


def check_speed(table, plan, server, products):
    for key, name, damage, bound, more in (
        ("check", "etl check, clean, one core", 0, 500, []),
        ("check-damaged", "etl check, 2 % damaged, one core", 2, 300, []),
        ("check-report", "etl check, clean, with --report and so SHA-256", 0, None, ["--report", WORK / "check.json"]),
    ):
        folder = csv_folder(products, damage)
        figure = table.add(key, name, "MB/s", "≥" if bound else None, bound, kind="value")
        size = csv_bytes(folder)
        words = [ATELIER, "etl", "check", folder, *more]
        if peers.has_option("etl check", "--jobs"):
            words += ["--jobs", "1"]
        subprocess.run(["cat", *[folder / f"{f}.csv" for f in FILES]], stdout=subprocess.DEVNULL, check=True)  # from memory, not from the disk
        for i in range(plan.rounds):
            plan.check()
            say(f"  {name}: round {i + 1} of {plan.rounds}")
            figure.ours.append(size / Timed(words, core=0).seconds / 1e6)


PARTS = {"load": load_time, "pgloader": against_pgloader, "check": check_speed}


def compare(table, plan, products, parts):
    server = Postgres(WORK / "loading").start()
    try:
        for name in parts or PARTS:
            say(f"== loader: {name}")
            PARTS[name](table, plan, server, products)
    finally:
        for database in ("atelier", "plain", "pgloader"):  # gigabytes that nobody needs
            server.sql("postgres", f"drop database if exists {database} with (force);")
        server.stop()
