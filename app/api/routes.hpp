// Which endpoint a path is. Begin reading here: statements.hpp has the SQL of each, reviews.cpp and
// questions.cpp the answers.
#pragma once

#include "core/http/head.hpp"

#include <cstdint>
#include <string_view>

namespace atelier::api {

enum class route : std::uint8_t {
  reviews,           // GET, POST /reviews
  reviews_meta,      // GET /reviews/meta
  review,            // GET /reviews/{id}
  review_helpful,    // PUT /reviews/{id}/helpful
  review_report,     // PUT /reviews/{id}/report
  questions,         // GET, POST /qa/questions
  question_answers,  // GET, POST /qa/questions/{id}/answers
  question_helpful,  // PUT /qa/questions/{id}/helpful
  question_report,   // PUT /qa/questions/{id}/report
  answer_helpful,    // PUT /qa/answers/{id}/helpful
  answer_report,     // PUT /qa/answers/{id}/report
  live,              // GET /live
  ready,             // GET /ready
  openapi,           // GET /openapi.json
  docs,              // GET /docs
  docs_file,         // GET /docs/{id}: a file that the page loads
  everything,        // OPTIONS *
  unknown,
};
inline constexpr std::size_t route_count = static_cast<std::size_t>(route::unknown) + 1;

/// The route as metrics and logs name it: "/reviews/{id}/helpful", never a path that was sent.
std::string_view name_of(route r);

struct matched {
  route where = route::unknown;
  std::string_view id = {};    // of routes with {id}: the segment as it was sent, perhaps not an id at all
  std::string_view path = {};  // without a trailing slash
};

/// A trailing slash is the same route.
matched match(std::string_view path);

/// The methods of a route as an Allow field lists them; empty for an unknown one.
std::string_view allowed_methods(route r);

bool allows(route r, http::method m);

}  // namespace atelier::api
