"""What a read costs PostgreSQL by read model, result format and how many reads share a statement. The server's CPU, pipelined 32 statements a turn."""

import statistics

from data import serving
from pipeline import cost_of
from places import say

# The same rows kept in other ways, made beside those that serve and dropped in the end.
MAKE = """
create schema if not exists models;
set search_path = models, atelier;
create table json_reviews with (fillfactor = 90) as select product_id, id, date, helpfulness, reported,
  '"rating":' || rating || ',"summary":' || to_json(summary) || ',"recommend":' || recommend || ',"response":' || coalesce(to_json(response)::text, 'null')
  || ',"body":' || to_json(body) || ',"date":"' || to_char(date at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '","reviewer_name":'
  || to_json(reviewer_name) as shown,
  (select string_agg('{"id":' || i || ',"url":' || to_json(u) || '}', ',' order by i) from unnest(photo_ids, photo_urls) p(i, u)) as photos
  from reviews order by product_id, id;
create table json_questions with (fillfactor = 90) as select product_id, id, date, helpfulness, reported,
  '"question_body":' || to_json(body) || ',"question_date":"' || to_char(date at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '","asker_name":'
  || to_json(asker_name) as shown from questions order by product_id, id;
create table json_answers with (fillfactor = 90) as select product_id, question_id, id, date, helpfulness, reported,
  '"body":' || to_json(body) || ',"date":"' || to_char(date at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '","answerer_name":'
  || to_json(answerer_name) as shown,
  (select string_agg('{"id":' || i || ',"url":' || to_json(u) || '}', ',' order by i) from unnest(photo_ids, photo_urls) p(i, u)) as photos
  from answers order by product_id, question_id, id;
create table product_reviews as select product_id, string_agg('{"review_id":' || id || ',' || shown || ',"helpfulness":' || helpfulness || ',"photos":['
  || coalesce(photos, '') || ']}', ',' order by helpfulness desc, date desc, id desc) as shown
  from json_reviews where not reported and product_id <= {products} group by product_id order by product_id;
alter table json_reviews add primary key (product_id, id);
alter table json_questions add primary key (product_id, id);
alter table json_answers add primary key (product_id, question_id, id);
alter table product_reviews add primary key (product_id);
create index on json_questions (id);
vacuum analyze json_reviews, json_questions, json_answers, product_reviews;
"""

REVIEW = "id, rating, summary, recommend, response, body, date, reviewer_name, helpfulness, photo_ids, photo_urls"
QUESTION = "product_id, id, body, date, asker_name, helpfulness"
ANSWER = "a.id, a.body, a.date, a.answerer_name, a.helpfulness, a.photo_urls"
META = "rating_1, rating_2, rating_3, rating_4, rating_5, recommend_false, recommend_true, characteristic_ids, characteristic_names, characteristic_sums, characteristic_counts"
RELEVANT = "order by helpfulness desc, date desc, id desc limit 5"
OF_ONE = "where product_id = $1::bigint and not reported"
OF_EACH = "where product_id = asked.id and not reported"
ASKED = "unnest($1::bigint[]) with ordinality as asked(id, place)"

# (route, model, database, SQL); $1 is one id, in MANY an array of them
ONE = [
    ("reviews", "a table a file, JSON built when read", "express",
     "select coalesce(json_agg(page), '[]') from (select id as review_id, rating, summary, recommend, response, body, to_char(to_timestamp(date / 1000.0) at time zone"
     " 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as date, reviewer_name, helpfulness, (select coalesce(json_agg(json_build_object('id', p.id, 'url', p.url)), '[]')"
     " from reviews_photos p where p.review_id = r.id) as photos from reviews r where product_id = $1::bigint and not reported order by helpfulness desc, r.date desc,"
     " id desc limit 5) page"),
    ("reviews", "photos in the row", "atelier", f"select {REVIEW} from reviews {OF_ONE} {RELEVANT}"),
    ("reviews", "photos in the row, JSON built when read", "atelier",
     "select coalesce(json_agg(page), '[]') from (select id as review_id, rating, summary, recommend, response, body, date, reviewer_name, helpfulness, photo_ids,"
     f" photo_urls from reviews {OF_ONE} {RELEVANT}) page"),
    ("reviews", "JSON of each row kept ready", "atelier", f"select id, helpfulness, shown, photos from json_reviews {OF_ONE} {RELEVANT}"),
    ("reviews", "JSON of each row kept ready, not sorted", "atelier", f"select id, date, helpfulness, shown, photos from json_reviews {OF_ONE} limit 33"),
    ("reviews", "JSON of a product kept ready", "atelier", "select shown from product_reviews where product_id = $1::bigint"),
    ("questions", "answers joined", "atelier",
     f"select q.id, q.body, q.date, q.asker_name, q.helpfulness, {ANSWER} from (select {QUESTION} from questions {OF_ONE} {RELEVANT}) q"
     " left join answers a on a.product_id = q.product_id and a.question_id = q.id and not a.reported"),
    ("questions", "JSON of each row kept ready, joined", "atelier",
     f"select q.id, q.date, q.helpfulness, q.shown, a.id, a.helpfulness, a.shown, a.photos from (select product_id, id, date, helpfulness, shown from json_questions"
     f" {OF_ONE} {RELEVANT}) q left join json_answers a on a.product_id = q.product_id and a.question_id = q.id and not a.reported"),
    ("answers", "columns", "atelier", "select a.id, a.body, a.date, a.answerer_name, a.helpfulness, a.photo_ids, a.photo_urls from questions q join answers a"
     " on a.product_id = q.product_id and a.question_id = q.id where q.id = $1::bigint and not a.reported order by a.helpfulness desc, a.date desc, a.id desc limit 5"),
    ("answers", "JSON of each row kept ready", "atelier", "select a.id, a.helpfulness, a.shown, a.photos from json_questions q join json_answers a"
     " on a.product_id = q.product_id and a.question_id = q.id where q.id = $1::bigint and not a.reported order by a.helpfulness desc, a.date desc, a.id desc limit 5"),
    ("meta", "counters of a product", "atelier", f"select {META} from product_meta where product_id = $1::bigint"),
]
MANY = [
    ("reviews", "photos in the row", "atelier", f"select place, r.* from {ASKED}, lateral (select {REVIEW} from reviews {OF_EACH} {RELEVANT}) r"),
    ("reviews", "JSON of each row kept ready", "atelier",
     f"select place, r.* from {ASKED}, lateral (select id, helpfulness, shown, photos from json_reviews {OF_EACH} {RELEVANT}) r"),
    ("questions", "answers joined", "atelier",
     f"select place, q.id, q.body, q.date, q.asker_name, q.helpfulness, {ANSWER} from {ASKED}, lateral (select {QUESTION} from questions {OF_EACH} {RELEVANT}) q"
     " left join answers a on a.product_id = q.product_id and a.question_id = q.id and not a.reported"),
    ("answers", "columns", "atelier", f"select place, a.* from {ASKED}, lateral (select a.id, a.body, a.date, a.answerer_name, a.helpfulness, a.photo_ids, a.photo_urls"
     " from questions q join answers a on a.product_id = q.product_id and a.question_id = q.id where q.id = asked.id and not a.reported"
     " order by a.helpfulness desc, a.date desc, a.id desc limit 5) a"),
    ("meta", "counters of a product", "atelier", f"select place, {META} from {ASKED} join product_meta on product_id = asked.id"),
]


def variants():
    for route, model, database, sql in ONE:
        yield route, model, database, sql, 0, False
        yield route, model, database, sql, 0, True
    for route, model, database, sql in MANY:
        for together in (1, 2, 4, 8, 16):
            yield route, f"{model}, {together} reads a statement", database, sql, together, True


def run(plan, products):
    server, ids = serving(products)
    rows = []
    try:
        say("keeping the same rows in other ways")
        server.sql("atelier", MAKE.replace("{products}", str(products)))
        try:
            sizes = server.sql("atelier", "select relname || ' ' || pg_size_pretty(pg_table_size(oid)) from pg_class where relkind = 'r' and relname in ("
                               "'reviews', 'json_reviews', 'product_reviews', 'questions', 'json_questions', 'answers', 'json_answers') order by 1")
            for route, model, database, sql, together, binary in variants():
                plan.check()
                path = "public" if database == "express" else "models, atelier"
                last = ids["questions"] if route == "answers" else ids["products"]
                costs = [cost_of(server, database, sql, path, last, together, binary, plan.seconds / 2) for _ in range(plan.rounds)]
                rows.append((route, model, "binary" if binary else "text", statistics.median(costs), min(costs), max(costs)))
                say(f"  {route:10} {model:60} {rows[-1][2]:6} {rows[-1][3]:7.1f} µs  ({rows[-1][4]:.1f} to {rows[-1][5]:.1f})")
        finally:
            server.sql("atelier", "drop schema if exists models cascade")
    finally:
        server.stop()
    print(sizes)
    print(f"\n{'route':10} {'read model':60} {'format':6} {'server CPU a read, µs':>22}")
    for row in rows:
        print(f"{row[0]:10} {row[1]:60} {row[2]:6} {row[3]:>22.1f}")
    return 0
