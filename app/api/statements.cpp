#include "app/api/statements.hpp"

#include "core/log.hpp"

#include <array>

namespace atelier::api {
namespace {

// Every write announces what it changed, in its own transaction: the last argument is the stamp
// (announcement.hpp), to which the topics are appended.
#define ANNOUNCE(stamp, topics) "pg_notify('atelier_cache', " stamp "::text || " topics ")"

// The columns of a review as reviews.cpp reads them.
#define REVIEW_COLUMNS \
  "id, rating, summary, recommend, response, body, date, reviewer_name, helpfulness, photo_ids, photo_urls"

// Each read is here twice: for one caller, and for several that come together, which costs the server less
// than one by one (db::statement::sql_of_many). There $1 holds the id that each asks for, and what belongs to
// it is found by a nested loop over them, after which `order by place` costs nothing. The order of a caller's
// rows is made again by who shows them: no outer query promises to keep an inner one's.
#define ASKED "unnest($1::bigint[]) with ordinality as asked(id, place)"
#define ONE "$1::bigint"
#define EACH "asked.id"
#define PAGE(order) " order by " order " limit $2::bigint offset $3::bigint"
#define RELEVANT "helpfulness desc, date desc, id desc"

#define REVIEWS_OF(product, order) \
  "select " REVIEW_COLUMNS " from reviews where product_id = " product " and not reported" PAGE(order)
#define REVIEWS_OF_MANY(order) \
  "select place, page.* from " ASKED ", lateral (" REVIEWS_OF(EACH, order) ") page order by place"

#define REVIEW(id) "select " REVIEW_COLUMNS ", product_id from reviews where id = " id " and not reported"

// One row an answer, its question's columns repeated; a question without answers is one row with nulls. In no
// order: to sort a few wide rows costs the server more than to find them, and questions.cpp next to nothing.
#define QUESTION_COLUMNS                               \
  "q.id, q.body, q.date, q.asker_name, q.helpfulness," \
  " a.id, a.body, a.date, a.answerer_name, a.helpfulness, a.photo_urls"
#define QUESTIONS_OF(product) \
  "(select product_id, id, body, date, asker_name, helpfulness from questions" \
  "  where product_id = " product " and not reported" PAGE(RELEVANT) ") q" \
  " left join answers a on a.product_id = q.product_id and a.question_id = q.id and not a.reported"

// The product is found through the question: its own index is the only one by id alone.
#define ANSWERS_OF(question)                                                                 \
  "select a.id, a.body, a.date, a.answerer_name, a.helpfulness, a.photo_ids, a.photo_urls"   \
  " from questions q join answers a on a.product_id = q.product_id and a.question_id = q.id" \
  " where q.id = " question " and not a.reported" PAGE("a.helpfulness desc, a.date desc, a.id desc")

#define META_COLUMNS                                                                                       \
  "rating_1, rating_2, rating_3, rating_4, rating_5, recommend_false, recommend_true, characteristic_ids," \
  " characteristic_names, characteristic_sums, characteristic_counts"

// An Idempotency-Key that nobody has, or had more than a day ago, is taken; whoever is taking it now is
// waited for. $1 key (null: none), $2 path, $3 hash of the body.
#define CLAIM_KEY(location)                                                                   \
  "claimed as ("                                                                              \
  "  insert into idempotency_keys as k (key, path, request_hash, location)"                   \
  "  select $1::text, $2::text, $3::bytea, " location                                         \
  " from fresh where $1::text is not null"                                                    \
  "  on conflict (key, path) do update set request_hash = excluded.request_hash, location = " \
  "excluded.location,"                                                                        \
  "   created_at = now() where k.created_at < now() - interval '24 hours'"                    \
  "  returning 1),"                                                                           \
  " go as (select fresh.* from fresh where $1::text is null or exists (select from claimed))"

// Ids for a list of photos, and the list itself; null where there is none.
#define PHOTO_IDS(urls, sequence) \
  "case when cardinality(" urls ") > 0 then array(select nextval('" sequence "') from unnest(" urls ")) end"
#define PHOTO_URLS(urls) "case when cardinality(" urls ") > 0 then " urls " end"

// What is written may be locked by somebody else. A statement comes in two forms: the first passes over what
// is locked and says so, and nobody waits behind it; the second waits for the lock, for so long that others
// who wait have their turn too. The setting ends with the statement.
#define FREE "true", " skip locked"
#define HELD "set_config('lock_timeout', '250ms', true) is not null", ""

// Row, photos, characteristics, the counters of meta and the idempotency record: one statement, one commit.
// $4 product, $5 rating, $6 summary, $7 body, $8 recommend, $9 name, $10 e-mail, $11 photo urls, $12
// characteristic ids, $13 values, $14 stamp. Returns one row: whether the characteristics are the product's
// (null: its counters are locked), and the new id (null: not taken, or the key was used before).
#define ADD_REVIEW(way) ADD_REVIEW_WITH(way)
#define ADD_REVIEW_WITH(time, lock) \
  "with product as materialized (select characteristic_ids, characteristic_names from product_meta" \
    "  where product_id = $4::bigint and " time " for no key update" lock ")," \
    " known as materialized (select case when exists (select from product)" \
    "   or not exists (select from product_meta where product_id = $4::bigint)" \
    "   then coalesce(bool_and(p.name is not null), true) end as all_known" \
    "  from unnest($12::bigint[]) r(id) left join" \
    "   (select unnest(characteristic_ids) as id, unnest(characteristic_names) as name from product) p on p.id = r.id)," \
    " fresh as materialized (select nextval('review_ids') as id from known where all_known)," CLAIM_KEY("'/reviews/' || fresh.id") "," \
    " added as (insert into reviews (product_id, id, date, rating, summary, body, recommend, reviewer_name, reviewer_email," \
    "   photo_ids, photo_urls)" \
    "  select $4::bigint, go.id, date_trunc('milliseconds', now()), $5::smallint, $6::text, $7::text, $8::boolean, $9::text, $10::text, " \
    PHOTO_IDS("$11::text[]", "review_photo_ids") ", " PHOTO_URLS("$11::text[]") " from go)," \
    " rated as (insert into characteristic_reviews (product_id, characteristic_id, review_id, value)" \
    "  select $4::bigint, r.id, go.id, r.value from go, unnest($12::bigint[], $13::smallint[]) as r(id, value))," \
    " counted as (insert into product_meta as m (product_id, rating_1, rating_2, rating_3, rating_4, rating_5," \
    "   recommend_false, recommend_true)" \
    "  select $4::bigint, ($5::smallint = 1)::integer, ($5::smallint = 2)::integer, ($5::smallint = 3)::integer," \
    "   ($5::smallint = 4)::integer, ($5::smallint = 5)::integer, (not $8::boolean)::integer, $8::boolean::integer from go" \
    "  on conflict (product_id) do update set" \
    "   rating_1 = m.rating_1 + excluded.rating_1, rating_2 = m.rating_2 + excluded.rating_2," \
    "   rating_3 = m.rating_3 + excluded.rating_3, rating_4 = m.rating_4 + excluded.rating_4," \
    "   rating_5 = m.rating_5 + excluded.rating_5, recommend_false = m.recommend_false + excluded.recommend_false," \
    "   recommend_true = m.recommend_true + excluded.recommend_true," \
    "   characteristic_sums = array(select t.s + coalesce(r.value, 0)" \
    "    from unnest(m.characteristic_ids, m.characteristic_sums) with ordinality as t(id, s, i)" \
    "    left join unnest($12::bigint[], $13::smallint[]) as r(id, value) on r.id = t.id order by t.i)," \
    "   characteristic_counts = array(select t.n + (r.id is not null)::integer" \
    "    from unnest(m.characteristic_ids, m.characteristic_counts) with ordinality as t(id, n, i)" \
    "    left join unnest($12::bigint[]) as r(id) on r.id = t.id order by t.i))" \
    " select known.all_known, go.id," \
    "  case when go.id is not null then " ANNOUNCE("$14", "' r' || $4::bigint || ' v' || go.id") " end" \
    " from known left join go on true"

// $4 product, $5 body, $6 name, $7 e-mail, $8 stamp. Returns true and the new id (null: the key was used
// before).
constexpr auto add_question_sql =
    "with fresh as materialized (select nextval('question_ids') as id)," CLAIM_KEY("null::text") ","
    " added as (insert into questions (product_id, id, date, body, asker_name, asker_email)"
    "  select $4::bigint, go.id, date_trunc('milliseconds', now()), $5::text, $6::text, $7::text from go)"
    " select true, go.id, case when go.id is not null then " ANNOUNCE("$8", "' q' || $4::bigint") " end"
    " from (values (1)) one left join go on true";

// $4 question, $5 body, $6 name, $7 e-mail, $8 photo urls, $9 stamp. Returns whether the question exists, and
// the new id as above.
constexpr auto add_answer_sql =
    "with question as materialized (select product_id from questions where id = $4::bigint),"
    " fresh as materialized (select nextval('answer_ids') as id, product_id from question)," CLAIM_KEY("null::text") ","
    " added as (insert into answers (product_id, question_id, id, date, body, answerer_name, answerer_email, photo_ids, photo_urls)"
    "  select go.product_id, $4::bigint, go.id, date_trunc('milliseconds', now()), $5::text, $6::text, $7::text, "
    PHOTO_IDS("$8::text[]", "answer_photo_ids") ", " PHOTO_URLS("$8::text[]") " from go)"
    " select exists (select from question), go.id,"
    "  case when go.id is not null then " ANNOUNCE("$9", "' q' || go.product_id || ' a' || $4::bigint") " end"
    " from (values (1)) one left join go on true";

// Votes that came together: $1 ids, one twice if it was voted for twice; $2 stamp. Returns the ids that are
// there, and whether the votes are counted: not where the row is locked. A report that changes nothing writes
// nothing, but is announced: it may be answered before the one that did.
// clang-format off
#define VOTE(table, columns, change, topics, time, lock)                                                                     \
  "with asked as materialized (select id, count(*) as votes from unnest($1::bigint[]) as t(id) where " time " group by id)," \
  " found as materialized (select " columns ", asked.votes from asked join " table " one on one.id = asked.id for no key update of one" lock ")," \
  " changed as (update " table " one set " change " and one.product_id = found.product_id and one.id = found.id),"           \
  " told as materialized (select " ANNOUNCE("$2", "string_agg(" topics ", '')") " from found having count(*) > 0)"           \
  " select id, true from found where (select count(*) from told) >= 0"                                                       \
  " union all select asked.id, false from asked join " table " one on one.id = asked.id where asked.id not in (select id from found)"
#define HELPFUL "helpfulness = least(one.helpfulness::bigint + found.votes, 2147483647)::integer from found where true"
#define REPORTED "reported = true from found where not found.reported"
#define VOTE_REVIEW(change, way) VOTE("reviews", "one.product_id, one.id, one.reported", change, "' r' || product_id || ' v' || id", way)
#define VOTE_QUESTION(change, way) VOTE("questions", "one.product_id, one.id, one.reported", change, "' q' || product_id", way)
#define VOTE_ANSWER(change, way) \
  VOTE("answers", "one.product_id, one.question_id, one.id, one.reported", change, "' q' || product_id || ' a' || question_id", way)
// clang-format on

constexpr db::statement read(std::string_view name, std::string_view sql, std::string_view sql_of_many) {
  return {name, sql, false, sql_of_many};
}

// In the order of the enumeration.
constexpr std::array statements{
    db::statement{"ping", "select 1", false},
    read("reviews_relevant", REVIEWS_OF(ONE, RELEVANT), REVIEWS_OF_MANY(RELEVANT)),
    read("reviews_newest", REVIEWS_OF(ONE, "date desc, id desc"), REVIEWS_OF_MANY("date desc, id desc")),
    read("reviews_helpful", REVIEWS_OF(ONE, "helpfulness desc, id desc"),
         REVIEWS_OF_MANY("helpfulness desc, id desc")),
    read("review", REVIEW(ONE),
         "select place, one.* from " ASKED ", lateral (" REVIEW(EACH) ") one order by place"),
    read("meta", "select " META_COLUMNS " from product_meta where product_id = " ONE,
         "select place, " META_COLUMNS " from " ASKED " join product_meta on product_id = " EACH
         " order by place"),
    read("questions", "select " QUESTION_COLUMNS " from " QUESTIONS_OF(ONE),
         "select place, " QUESTION_COLUMNS " from " ASKED ", lateral " QUESTIONS_OF(EACH) " order by place"),
    read("answers", ANSWERS_OF(ONE),
         "select place, page.* from " ASKED ", lateral (" ANSWERS_OF(EACH) ") page order by place"),
    db::statement{"question_exists", "select id from questions where id = $1::bigint", false},
    db::statement{"add_review", ADD_REVIEW(FREE), true},
    db::statement{"add_review_held", ADD_REVIEW(HELD), true},
    db::statement{"add_question", add_question_sql, true},
    db::statement{"add_answer", add_answer_sql, true},
    db::statement{
        "remembered_post",
        "select request_hash, location from idempotency_keys where key = $1::text and path = $2::text"
        " and created_at >= now() - interval '24 hours'",
        false},
    db::statement{
        "forget_old_posts",
        "with gone as (delete from idempotency_keys where (key, path) in (select key, path from "
        "idempotency_keys"
        " where created_at < now() - interval '24 hours' limit 1000 for update skip locked) returning 1)"
        " select count(*) from gone",
        true},
    db::statement{"review_helpful", VOTE_REVIEW(HELPFUL, FREE), true},
    db::statement{"review_report", VOTE_REVIEW(REPORTED, FREE), true},
    db::statement{"question_helpful", VOTE_QUESTION(HELPFUL, FREE), true},
    db::statement{"question_report", VOTE_QUESTION(REPORTED, FREE), true},
    db::statement{"answer_helpful", VOTE_ANSWER(HELPFUL, FREE), true},
    db::statement{"answer_report", VOTE_ANSWER(REPORTED, FREE), true},
    db::statement{"review_helpful_held", VOTE_REVIEW(HELPFUL, HELD), true},
    db::statement{"review_report_held", VOTE_REVIEW(REPORTED, HELD), true},
    db::statement{"question_helpful_held", VOTE_QUESTION(HELPFUL, HELD), true},
    db::statement{"question_report_held", VOTE_QUESTION(REPORTED, HELD), true},
    db::statement{"answer_helpful_held", VOTE_ANSWER(HELPFUL, HELD), true},
    db::statement{"answer_report_held", VOTE_ANSWER(REPORTED, HELD), true},
    db::statement{"announce", "select pg_notify('atelier_cache', $1::text)", true},
    db::statement{"workers", "select id from workers", false},
    // Locks its row where it is there still: who takes it out meanwhile is heard behind it, not before it.
    db::statement{"worker_joins",
                  "with added as (insert into workers (id) values ($1::bigint)"
                  " on conflict (id) do update set joined_at = now())"
                  " select pg_notify('atelier_cache', 'joined ' || $1::bigint)",
                  true},
    db::statement{"worker_leaves",
                  "with gone as (delete from workers where id = $1::bigint)"
                  " select pg_notify('atelier_cache', 'left ' || $1::bigint)",
                  true},
    // Announced also where it has no row any more: who missed that waits for it.
    db::statement{"evict_worker",
                  "with gone as (delete from workers where id = $1::bigint)"
                  " select pg_notify('atelier_cache', 'evicted ' || $1::bigint)",
                  true},
};
static_assert(statements.size() == static_cast<std::size_t>(statement::evict_worker) + 1);

void report(const db::statement& what, const db::error& why) {
  if (why.sqlstate.starts_with("53"))  // insufficient resources
    log::error(
        "PostgreSQL has no room for a statement; look at its disk, memory and connections"
        " statement={} sqlstate={} message={:?}",
        what.name, why.sqlstate, why.message);
  else
    log::error(
        "a statement was rejected; compare `atelier schema status` statement={} sqlstate={} message={:?}",
        what.name, why.sqlstate, why.message);
}

}  // namespace

std::span<const db::statement> all_statements() { return statements; }

task<db::outcome> ask(db::pool& database, statement what, db::arguments with, std::uint64_t kind) {
  const auto index = static_cast<std::size_t>(what);
  auto outcome = co_await database.run(index, std::move(with), kind);
  if (!outcome && outcome.error().what == db::errc::rejected) report(statements[index], outcome.error());
  co_return outcome;
}

}  // namespace atelier::api
