// Questions and answers as clients see them, from rows.
#pragma once

#include "app/api/parameters.hpp"
#include "db/answer.hpp"

#include <string>

namespace atelier::api {

/// GET /qa/questions from the rows of `questions`.
std::string questions_json(std::int64_t product, const db::answer& rows);

/// GET /qa/questions/{id}/answers from the rows of `answers`.
std::string answers_json(std::int64_t question, const paging& asked, const db::answer& rows);

}  // namespace atelier::api
