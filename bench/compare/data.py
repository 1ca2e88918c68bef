"""The data sets: CSV files of any size, and both databases made from them. Made once, kept between runs."""

import hashlib
import json
import shutil
import subprocess

from places import ATELIER, PEERS, ROOT, Trouble, WORK, say
from postgres import Postgres

FILES = ["reviews", "reviews_photos", "characteristics", "characteristic_reviews", "questions", "answers", "answers_photos"]
FULL = 1_000_011
# Products beyond the data set that have many reviews, for the growth curves: (how far beyond, reviews).
HEAVY = [(101, 10), (102, 300), (103, 20_000)]


def csv_folder(products, unreliable=0):
    """The CSV files of so many products; made if they are not there."""
    folder = WORK / (f"csv-{products}" + (f"-damaged-{unreliable}" if unreliable else ""))
    if not (folder / "done").exists():
        say(f"making the CSV files of {products} products" + (f", {unreliable} % of the rows damaged" if unreliable else ""))
        shutil.rmtree(folder, ignore_errors=True)
        WORK.mkdir(parents=True, exist_ok=True)
        words = [ATELIER, "etl", "sample", folder, "--products", str(products), "--seed", "1"]
        if unreliable:
            words += ["--unreliable", f"{unreliable}%"]
        run(words)
        (folder / "done").touch()
    return folder


def csv_bytes(folder):
    return sum((folder / f"{name}.csv").stat().st_size for name in FILES)


def csv_rows(folder):
    """{file: rows}; texts may hold line ends, so that lines tell nothing."""
    report = folder / "report.json"
    if not report.exists():
        run([ATELIER, "etl", "check", folder, "--report", report])
    return {name: became["rows_read"] for name, became in report_rows(report).items()}


def report_rows(file):
    """{file: what became of its rows}, as `etl --report` tells."""
    return {each["set"]: each for each in json.loads(file.read_text())["files"]}


def run(words, seconds=7200):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=seconds)
    if done.returncode != 0:
        raise Trouble(f"'{' '.join(map(str, words))}' ended with code {done.returncode}: {done.stderr.strip()[-1500:]}")
    return done


def copy_statements(folder):
    """psql's \\copy of all seven files, one after the other."""
    return "".join(f"\\copy {name} from '{folder / (name + '.csv')}' with (format csv, header, null 'null')\n" for name in FILES)


def load_plain(server, database, folder):
    server.make_database(database)
    server.sql(database, (PEERS / "tables.sql").read_text())
    server.sql(database, copy_statements(folder) + (PEERS / "indexes.sql").read_text())


def load_ours(server, database, folder):
    server.make_database(database)
    run([ATELIER, "schema", "apply", "--db", server.conninfo(database)])
    run([ATELIER, "etl", "load", folder, "--mode", "replace", "--db", server.conninfo(database), "--rejects", WORK / "rejects"])


def add_heavy_products(server, products):
    for beyond, reviews in HEAVY:
        product = products + beyond
        server.sql("atelier", f"""
            set search_path = atelier;
            insert into reviews (product_id, date, rating, recommend, summary, body, reviewer_name, helpfulness, photo_ids, photo_urls)
            select {product}, now() - make_interval(mins => i), 1 + i % 5, true, 'Summary ' || i, repeat('A body of a review. ', 10), 'bench', i % 50,
              case when i % 3 = 0 then array[900000000 + i]::bigint[] end, case when i % 3 = 0 then array['https://example.com/photo/' || i] end
            from generate_series(1, {reviews}) i;
            insert into product_meta (product_id, rating_1, recommend_true) values ({product}, {reviews}, {reviews}) on conflict do nothing;
            insert into questions (product_id, date, body, asker_name) values ({product}, now(), 'What is it?', 'bench');""")
        server.sql("express", f"""
            insert into reviews select 1500000000 + {beyond} * 100000 + i, {product}, 1 + i % 5, 1600000000000 - i * 60000, 'Summary ' || i,
              repeat('A body of a review. ', 10), true, false, 'bench', 'bench@example.com', null, i % 50 from generate_series(1, {reviews}) i;""")


def schema_print():
    h = hashlib.sha256()
    for file in sorted((ROOT / "schema" / "migrations").glob("*.sql")):
        h.update(file.read_bytes())
    return h.hexdigest()[:16]


def warm(server):
    """Both databases as they are after a day of work: in PostgreSQL's memory if they fit into half of it, else in the kernel's."""
    for database in ("atelier", "express"):
        server.sql(database, """
            create extension if not exists pg_prewarm;
            select pg_prewarm(c.oid, case when pg_database_size(current_database()) < pg_size_bytes(current_setting('shared_buffers')) / 2 then 'buffer' else 'read' end)
            from pg_class c join pg_namespace n on n.oid = relnamespace
            where relkind in ('r', 'i') and nspname in ('atelier', 'public') and pg_relation_size(c.oid) > 0;""")


def at_home(server, database):
    """As if this database had been alone on the server for a day: as much of it in PostgreSQL's memory as fits, the small and the indexes surely.
    Two that take turns would else each begin with the other's pages, and be measured while they fetch their own."""
    # No read of ours looks at this table, `product_meta` holds its sums; the peer's meta joins its own.
    unread = "and relname not like 'characteristic_reviews%'" if database == "atelier" else ""
    server.sql(database, f"""
        select pg_prewarm(c.oid, 'buffer') from pg_class c join pg_namespace n on n.oid = relnamespace
        where relkind in ('r', 'i') and nspname in ('atelier', 'public') and pg_relation_size(c.oid) > 0 {unread}
        order by relkind = 'i', pg_relation_size(c.oid) desc;""")
    server.calm()


def serving(products):
    """A running PostgreSQL with the databases `atelier` and `express`, the same rows in both. Returns the server and the largest ids."""
    folder = WORK / f"serving-{products}"
    mark = folder / "made.json"
    wanted = {"schema": schema_print(), "version": 3}
    made = json.loads(mark.read_text()) if mark.exists() else {}
    server = Postgres(folder).start()
    try:
        if made.get("wanted") != wanted:
            mark.unlink(missing_ok=True)
            csv = csv_folder(products)
            say("loading the worker's database")
            load_ours(server, "atelier", csv)
            say("loading the Express peer's database")
            load_plain(server, "express", csv)
            add_heavy_products(server, products)
            for database in ("atelier", "express"):
                server.sql(database, "vacuum analyze;")
            ids = {name: int(server.sql("express", f"select max(id) from {name} where id < 1500000000;")) for name in ("reviews", "questions", "answers")}
            made = {"wanted": wanted, "ids": {"products": products, **ids}}
            mark.write_text(json.dumps(made))
        warm(server)
        server.calm()
    except BaseException:
        server.stop()
        raise
    return server, made["ids"]
