#include "app/api/statements.hpp"

#include <array>

namespace atelier::api {
namespace {

// The columns of a review as reviews.cpp reads them.
#define REVIEW_COLUMNS \
  "id, rating, summary, recommend, response, body, date, reviewer_name, helpfulness, photo_ids, photo_urls"

#define REVIEWS_OF_PRODUCT(order)                                                                         \
  "select " REVIEW_COLUMNS " from reviews where product_id = $1::bigint and not reported order by " order \
  " limit $2::bigint offset $3::bigint"

// One row an answer, its question's columns repeated; a question without answers is one row with nulls.
constexpr auto questions_sql =
    "with page as ("
    "  select product_id, id, body, date, asker_name, helpfulness from questions"
    "  where product_id = $1::bigint and not reported"
    "  order by helpfulness desc, date desc, id desc limit $2::bigint offset $3::bigint)"
    " select q.id, q.body, q.date, q.asker_name, q.helpfulness,"
    "  a.id, a.body, a.date, a.answerer_name, a.helpfulness, a.photo_urls"
    " from page q left join answers a"
    "  on a.product_id = q.product_id and a.product_id = $1::bigint and a.question_id = q.id and not "
    "a.reported"
    " order by q.helpfulness desc, q.date desc, q.id desc, a.id";

// The product is found through the question: its own index is the only one by id alone.
constexpr auto answers_sql =
    "select a.id, a.body, a.date, a.answerer_name, a.helpfulness, a.photo_ids, a.photo_urls"
    " from questions q join answers a on a.product_id = q.product_id and a.question_id = q.id"
    " where q.id = $1::bigint and not a.reported"
    " order by a.helpfulness desc, a.date desc, a.id desc limit $2::bigint offset $3::bigint";

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

// Row, photos, characteristics, the counters of meta and the idempotency record: one statement, one commit.
// $4 product, $5 rating, $6 summary, $7 body, $8 recommend, $9 name, $10 e-mail, $11 photo urls, $12
// characteristic ids, $13 values. Returns one row: whether the characteristics are the product's, and the new
// id (null: not taken, or the key was used before).
constexpr auto add_review_sql =
    "with product as materialized (select characteristic_ids, characteristic_names from product_meta where product_id = $4::bigint),"
    " known as materialized (select coalesce(bool_and(p.name is not null), true) as all_known"
    "  from unnest($12::bigint[]) r(id) left join"
    "   (select unnest(characteristic_ids) as id, unnest(characteristic_names) as name from product) p on p.id = r.id),"
    " fresh as materialized (select nextval('review_ids') as id from known where all_known)," CLAIM_KEY("'/reviews/' || fresh.id") ","
    " added as (insert into reviews (product_id, id, date, rating, summary, body, recommend, reviewer_name, reviewer_email,"
    "   photo_ids, photo_urls)"
    "  select $4::bigint, go.id, date_trunc('milliseconds', now()), $5::smallint, $6::text, $7::text, $8::boolean, $9::text, $10::text, "
    PHOTO_IDS("$11::text[]", "review_photo_ids") ", " PHOTO_URLS("$11::text[]") " from go),"
    " rated as (insert into characteristic_reviews (product_id, characteristic_id, review_id, value)"
    "  select $4::bigint, r.id, go.id, r.value from go, unnest($12::bigint[], $13::smallint[]) as r(id, value)),"
    " counted as (insert into product_meta as m (product_id, rating_1, rating_2, rating_3, rating_4, rating_5,"
    "   recommend_false, recommend_true)"
    "  select $4::bigint, ($5::smallint = 1)::integer, ($5::smallint = 2)::integer, ($5::smallint = 3)::integer,"
    "   ($5::smallint = 4)::integer, ($5::smallint = 5)::integer, (not $8::boolean)::integer, $8::boolean::integer from go"
    "  on conflict (product_id) do update set"
    "   rating_1 = m.rating_1 + excluded.rating_1, rating_2 = m.rating_2 + excluded.rating_2,"
    "   rating_3 = m.rating_3 + excluded.rating_3, rating_4 = m.rating_4 + excluded.rating_4,"
    "   rating_5 = m.rating_5 + excluded.rating_5, recommend_false = m.recommend_false + excluded.recommend_false,"
    "   recommend_true = m.recommend_true + excluded.recommend_true,"
    "   characteristic_sums = array(select t.s + coalesce(r.value, 0)"
    "    from unnest(m.characteristic_ids, m.characteristic_sums) with ordinality as t(id, s, i)"
    "    left join unnest($12::bigint[], $13::smallint[]) as r(id, value) on r.id = t.id order by t.i),"
    "   characteristic_counts = array(select t.n + (r.id is not null)::integer"
    "    from unnest(m.characteristic_ids, m.characteristic_counts) with ordinality as t(id, n, i)"
    "    left join unnest($12::bigint[]) as r(id) on r.id = t.id order by t.i))"
    " select known.all_known, go.id from known left join go on true";

// $4 product, $5 body, $6 name, $7 e-mail. Returns true and the new id (null: the key was used before).
constexpr auto add_question_sql =
    "with fresh as materialized (select nextval('question_ids') as id)," CLAIM_KEY("null::text") ","
    " added as (insert into questions (product_id, id, date, body, asker_name, asker_email)"
    "  select $4::bigint, go.id, date_trunc('milliseconds', now()), $5::text, $6::text, $7::text from go)"
    " select true, go.id from (values (1)) one left join go on true";

// $4 question, $5 body, $6 name, $7 e-mail, $8 photo urls. Returns whether the question exists, and the new
// id as above.
constexpr auto add_answer_sql =
    "with question as materialized (select product_id from questions where id = $4::bigint),"
    " fresh as materialized (select nextval('answer_ids') as id, product_id from question)," CLAIM_KEY("null::text") ","
    " added as (insert into answers (product_id, question_id, id, date, body, answerer_name, answerer_email, photo_ids, photo_urls)"
    "  select go.product_id, $4::bigint, go.id, date_trunc('milliseconds', now()), $5::text, $6::text, $7::text, "
    PHOTO_IDS("$8::text[]", "answer_photo_ids") ", " PHOTO_URLS("$8::text[]") " from go)"
    " select exists (select from question), go.id from (values (1)) one left join go on true";

// One row if the id is there. A report that changes nothing writes nothing.
#define HELPFUL(table)                                                                                      \
  "update " table                                                                                           \
  " set helpfulness = least(helpfulness::bigint + 1, 2147483647)::integer where id = $1::bigint returning " \
  "id"
#define REPORT(table)                                            \
  "with marked as (update " table                                \
  " set reported = true where id = $1::bigint and not reported)" \
  " select id from " table " where id = $1::bigint"

// In the order of the enumeration.
constexpr std::array statements{
    db::statement{"ping", "select 1", false},
    db::statement{"reviews_relevant", REVIEWS_OF_PRODUCT("helpfulness desc, date desc, id desc"), false},
    db::statement{"reviews_newest", REVIEWS_OF_PRODUCT("date desc, id desc"), false},
    db::statement{"reviews_helpful", REVIEWS_OF_PRODUCT("helpfulness desc, id desc"), false},
    db::statement{"review",
                  "select " REVIEW_COLUMNS ", product_id from reviews where id = $1::bigint and not reported",
                  false},
    db::statement{"meta",
                  "select rating_1, rating_2, rating_3, rating_4, rating_5, recommend_false, recommend_true, "
                  "characteristic_ids,"
                  " characteristic_names, characteristic_sums, characteristic_counts from product_meta where "
                  "product_id = $1::bigint",
                  false},
    db::statement{"questions", questions_sql, false},
    db::statement{"answers", answers_sql, false},
    db::statement{"question_exists", "select id from questions where id = $1::bigint", false},
    db::statement{"add_review", add_review_sql, true},
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
    db::statement{"review_helpful", HELPFUL("reviews"), true},
    db::statement{"review_report", REPORT("reviews"), true},
    db::statement{"question_helpful", HELPFUL("questions"), true},
    db::statement{"question_report", REPORT("questions"), true},
    db::statement{"answer_helpful", HELPFUL("answers"), true},
    db::statement{"answer_report", REPORT("answers"), true},
};
static_assert(statements.size() == static_cast<std::size_t>(statement::answer_report) + 1);

}  // namespace

std::span<const db::statement> all_statements() { return statements; }

}  // namespace atelier::api
