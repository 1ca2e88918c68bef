#include "etl/append_sql.hpp"

namespace atelier::etl {
namespace {

// The first row of the batch with an id wins; among those without a parent nobody does.
#define RANKED "row_number() over (partition by id, orphan order by n)"
#define VERDICT                                                                                         \
  "case when orphan then 'o' when again or rank > 1 then 'd' when is_same then 's' when is_there then " \
  "'{there}' else 'l' end"

// Whoever changes a product's counters holds its row first, so that what is counted then is the whole truth:
// a review that is being written at the same time waits for the row and adds itself.
#define HOLD_COUNTERS                                                                                     \
  "insert into atelier.product_meta (product_id) select distinct product_id from touched order by 1 on "  \
  "conflict do "                                                                                          \
  "nothing;"                                                                                              \
  "select count(*) from (select from atelier.product_meta m where product_id in (select product_id from " \
  "touched)"                                                                                              \
  " order by product_id for update) held;"

constexpr append_plan characteristics{
    set_kind::characteristics,
    false,
    "",
    "",
    "product_id bigint, id bigint, name text, old_product bigint",
    "(n, again, product_id, id, name, old_product)",
    "select *, case when again then 'd' when old_product is null then 'l' when {same} then 's'"
    " else '{there}' end as verdict from stage s",
    "old_product = s.product_id and exists (select from atelier.product_meta m, unnest(m.characteristic_ids,"
    " m.characteristic_names) k(id, name) where m.product_id = old_product and k.id = s.id"
    "  and k.name is not distinct from s.name)",
    "create index on judged (product_id); analyze judged;"
    "create temp table touched on commit drop as select product_id from judged where verdict in ('l', 'u') "
    "union"
    " select old_product from judged where verdict = 'u';" HOLD_COUNTERS
    "update atelier.product_meta m set (characteristic_ids, characteristic_names, characteristic_sums, "
    "characteristic_counts) ="
    " (select coalesce(array_agg(id order by id), '{}'), coalesce(array_agg(name order by id), '{}'),"
    "   coalesce(array_agg(s order by id), '{}'), coalesce(array_agg(c order by id), '{}') from ("
    "  select * from unnest(m.characteristic_ids, m.characteristic_names, m.characteristic_sums, "
    "m.characteristic_counts)"
    "    as k(id, name, s, c) where id not in (select id from judged where verdict = 'u')"
    "  union all select id, name, 0, 0 from judged j where j.product_id = m.product_id and verdict in ('l', "
    "'u')) k)"
    " where m.product_id in (select product_id from touched);"
    "update atelier.characteristic_reviews v set product_id = j.product_id from judged j where verdict = 'u'"
    "  and v.product_id = j.old_product and v.characteristic_id = j.id and j.product_id <> j.old_product;"
    "{count_values}"};

constexpr append_plan reviews{
    set_kind::reviews,
    false,
    "review_ids",
    "reviews",
    "product_id bigint, id bigint, date timestamptz, helpfulness integer, rating smallint, recommend boolean,"
    " reported boolean, summary text, body text, response text, reviewer_name text, reviewer_email text",
    "(n, again, product_id, id, date, helpfulness, rating, recommend, reported, summary, body, response, "
    "reviewer_name,"
    " reviewer_email)",
    "select *, " VERDICT " as verdict from (select *, " RANKED
    " as rank from (select s.*, old.product_id as old_product,"
    " old.product_id is not null as is_there, old.is_same, false as orphan from stage s left join lateral"
    " (select product_id, {same} as is_same from atelier.reviews r where r.id = s.id limit 1) old on true)"
    " k) r",
    "(r.product_id, r.date, r.helpfulness, r.rating, r.recommend, r.reported, r.summary, r.body, r.response,"
    " r.reviewer_name, r.reviewer_email) is not distinct from (s.product_id, s.date, s.helpfulness, s.rating,"
    " s.recommend, s.reported, s.summary, s.body, s.response, s.reviewer_name, s.reviewer_email)",
    "create temp table touched on commit drop as select product_id from judged where verdict in ('l', 'u') "
    "union"
    " select old_product from judged where verdict = 'u';" HOLD_COUNTERS
    "insert into atelier.reviews (product_id, id, date, helpfulness, rating, recommend, reported, summary, "
    "body, response,"
    " reviewer_name, reviewer_email) select product_id, id, date, helpfulness, rating, recommend, reported, "
    "summary, body,"
    " response, reviewer_name, reviewer_email from judged where verdict = 'l' order by product_id, id;"
    "update atelier.reviews r set (product_id, date, helpfulness, rating, recommend, reported, summary, "
    "body, response,"
    " reviewer_name, reviewer_email) = (j.product_id, j.date, j.helpfulness, j.rating, j.recommend, "
    "j.reported, j.summary,"
    " j.body, j.response, j.reviewer_name, j.reviewer_email) from judged j"
    " where verdict = 'u' and r.product_id = j.old_product and r.id = j.id;"
    "update atelier.product_meta m set (rating_1, rating_2, rating_3, rating_4, rating_5, recommend_false, "
    "recommend_true)"
    " = (select count(*) filter (where rating = 1), count(*) filter (where rating = 2), count(*) filter "
    "(where rating = 3),"
    "  count(*) filter (where rating = 4), count(*) filter (where rating = 5), count(*) filter (where not "
    "recommend),"
    "  count(*) filter (where recommend) from atelier.reviews r where r.product_id = m.product_id)"
    " where m.product_id in (select product_id from touched)"};

// The product is the characteristic's, which the loader knows.
constexpr append_plan characteristic_reviews{
    set_kind::characteristic_reviews,
    true,
    "characteristic_review_ids",
    "characteristic_reviews",
    "product_id bigint, id bigint, characteristic_id bigint, review_id bigint, value smallint",
    "(n, again, product_id, id, characteristic_id, review_id, value)",
    "select *, " VERDICT " as verdict from (select *, " RANKED
    " as rank from (select s.*, old.product_id as old_product,"
    " old.product_id is not null as is_there, old.is_same,"
    " not exists (select from atelier.reviews r where r.id = s.review_id) as orphan"
    " from stage s left join lateral"
    " (select product_id, {same} as is_same from atelier.characteristic_reviews r where r.id = s.id limit 1)"
    " old on true) k) r",
    "(r.product_id, r.characteristic_id, r.review_id, r.value) is not distinct from"
    " (s.product_id, s.characteristic_id, s.review_id, s.value)",
    "create temp table touched on commit drop as select product_id from judged where verdict in ('l', 'u') "
    "union"
    " select old_product from judged where verdict = 'u';" HOLD_COUNTERS
    "insert into atelier.characteristic_reviews (product_id, id, characteristic_id, review_id, value)"
    " select product_id, id, characteristic_id, review_id, value from judged where verdict = 'l' order by "
    "product_id, id;"
    "update atelier.characteristic_reviews r set (product_id, characteristic_id, review_id, value) ="
    " (j.product_id, j.characteristic_id, j.review_id, j.value) from judged j"
    " where verdict = 'u' and r.product_id = j.old_product and r.id = j.id;"
    "{count_values}"};

constexpr append_plan questions{
    set_kind::questions,
    false,
    "question_ids",
    "questions",
    "product_id bigint, id bigint, date timestamptz, helpfulness integer, reported boolean, body text, "
    "asker_name text,"
    " asker_email text",
    "(n, again, product_id, id, date, helpfulness, reported, body, asker_name, asker_email)",
    "select *, " VERDICT " as verdict from (select *, " RANKED
    " as rank from (select s.*, old.product_id as old_product,"
    " old.product_id is not null as is_there, old.is_same, false as orphan from stage s left join lateral"
    " (select product_id, {same} as is_same from atelier.questions r where r.id = s.id limit 1) old on true)"
    " k) r",
    "(r.product_id, r.date, r.helpfulness, r.reported, r.body, r.asker_name, r.asker_email) is not distinct "
    "from (s.product_id, s.date, s.helpfulness, s.reported, s.body, s.asker_name, s.asker_email)",
    "insert into atelier.questions (product_id, id, date, helpfulness, reported, body, asker_name, "
    "asker_email)"
    " select product_id, id, date, helpfulness, reported, body, asker_name, asker_email from judged where "
    "verdict = 'l'"
    " order by product_id, id;"
    "update atelier.questions r set (product_id, date, helpfulness, reported, body, asker_name, asker_email) "
    "="
    " (j.product_id, j.date, j.helpfulness, j.reported, j.body, j.asker_name, j.asker_email) from judged j"
    " where verdict = 'u' and r.product_id = j.old_product and r.id = j.id;"
    "update atelier.answers a set product_id = j.product_id from judged j where verdict = 'u'"
    "  and a.product_id = j.old_product and a.question_id = j.id and j.product_id <> j.old_product"};

constexpr append_plan answers{
    set_kind::answers,
    true,
    "answer_ids",
    "answers",
    "question_id bigint, id bigint, date timestamptz, helpfulness integer, reported boolean, body text, "
    "answerer_name text,"
    " answerer_email text",
    "(n, again, question_id, id, date, helpfulness, reported, body, answerer_name, answerer_email)",
    "select *, " VERDICT " as verdict from (select *, " RANKED
    " as rank from (select s.*, q.product_id,"
    " q.product_id is null as orphan, old.product_id as old_product, old.question_id as old_question,"
    " old.product_id is not null as is_there, old.is_same from stage s left join lateral"
    " (select product_id from atelier.questions q where q.id = s.question_id limit 1) q on true left join "
    "lateral"
    " (select product_id, question_id, {same} as is_same from atelier.answers r where r.id = s.id limit 1)"
    " old on true) k) r",
    "(r.product_id, r.question_id, r.date, r.helpfulness, r.reported, r.body, r.answerer_name,"
    " r.answerer_email) is not distinct from (q.product_id, s.question_id, s.date, s.helpfulness, s.reported,"
    " s.body, s.answerer_name, s.answerer_email)",
    "insert into atelier.answers (product_id, question_id, id, date, helpfulness, reported, body, "
    "answerer_name,"
    " answerer_email) select product_id, question_id, id, date, helpfulness, reported, body, answerer_name, "
    "answerer_email"
    " from judged where verdict = 'l' order by product_id, question_id, id;"
    "update atelier.answers r set (product_id, question_id, date, helpfulness, reported, body, answerer_name,"
    " answerer_email) = (j.product_id, j.question_id, j.date, j.helpfulness, j.reported, j.body, "
    "j.answerer_name,"
    " j.answerer_email) from judged j where verdict = 'u' and r.product_id = j.old_product"
    "  and r.question_id = j.old_question and r.id = j.id"};

// `known`: the id is in some row already. It is updated only where it stands in the same parent's row.
#define PHOTO_PLAN(KIND, SEQUENCE, TABLE)                                                                 \
  {                                                                                                       \
    KIND, true, SEQUENCE, TABLE, "id bigint, parent bigint, url text, known boolean",                     \
        "(n, again, id, parent, url, known)",                                                             \
        "select *, case when orphan then 'o' when again or rank > 1 then 'd' when is_same then 's' when " \
        "is_there then '{there}' when known then 'd' else 'l' end as verdict"                             \
        " from (select *, " RANKED                                                                        \
        " as rank from (select s.*, p.id is null as orphan, coalesce(s.id = any(p.photo_ids), false) as " \
        "is_there, {same} as is_same"                                                                     \
        " from stage s left join lateral"                                                                 \
        " (select id, photo_ids, photo_urls from atelier." TABLE                                          \
        " r where r.id = s.parent limit 1) p on true) k) r",                                              \
        "p.photo_urls[array_position(p.photo_ids, s.id)] = s.url",                                        \
        "create index on judged (parent); analyze judged;"                                                \
        "update atelier." TABLE                                                                           \
        " r set (photo_ids, photo_urls) = (select array_agg(id order by id), array_agg(url order by id) " \
        "from ("                                                                                          \
        "  select * from unnest(r.photo_ids, r.photo_urls) as p(id, url)"                                 \
        "   where id not in (select id from judged where verdict = 'u' and parent = r.id)"                \
        "  union all select id, url from judged where parent = r.id and verdict in ('l', 'u')) p)"        \
        " where r.id in (select parent from judged where verdict in ('l', 'u'))"                          \
  }

constexpr append_plan reviews_photos PHOTO_PLAN(set_kind::reviews_photos, "review_photo_ids", "reviews");
constexpr append_plan answers_photos PHOTO_PLAN(set_kind::answers_photos, "answer_photo_ids", "answers");

}  // namespace

const append_plan& plan_of(set_kind set) {
  switch (set) {
    case set_kind::characteristics:
      return characteristics;
    case set_kind::reviews:
      return reviews;
    case set_kind::characteristic_reviews:
      return characteristic_reviews;
    case set_kind::questions:
      return questions;
    case set_kind::answers:
      return answers;
    case set_kind::reviews_photos:
      return reviews_photos;
    case set_kind::answers_photos:
      break;
  }
  return answers_photos;
}

}  // namespace atelier::etl
