// Every question that the API asks of the database. Each is prepared on each connection; columns are read by
// position.
#pragma once

#include "db/call.hpp"

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
};

std::span<const db::statement> all_statements();

}  // namespace atelier::api
