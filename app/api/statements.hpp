// Every question that the API asks of the database. Each is prepared on each connection; columns are read by
// position.
#pragma once

#include "db/pool.hpp"

#include <span>

namespace atelier::api {

/// Index into all_statements().
enum class statement : std::size_t {
  ping,
  reviews_relevant,
  reviews_newest,
  reviews_helpful,
  review,
  meta,
  questions,
  answers,
  question_exists,
  add_review,
  add_review_held,
  add_question,
  add_answer,
  remembered_post,
  forget_old_posts,
  review_helpful,
  review_report,
  question_helpful,
  question_report,
  answer_helpful,
  answer_report,
  review_helpful_held,  // these six in the order of the six before
  review_report_held,
  question_helpful_held,
  question_report_held,
  answer_helpful_held,
  answer_report_held,
  announce,
  workers,
  worker_joins,
  worker_leaves,
  evict_worker,
};

std::span<const db::statement> all_statements();

/// Asks the database; a statement that it refuses is a fault of ours and is logged.
/// `kind`: db::pool::run.
task<db::outcome> ask(db::pool& database, statement what, db::arguments with, std::uint64_t kind = 0);

}  // namespace atelier::api
