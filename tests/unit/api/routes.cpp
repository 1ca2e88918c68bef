#include "app/api/routes.hpp"

#include <catch2/catch.hpp>

using namespace atelier::api;
using atelier::http::method;

TEST_CASE("a path is a route, with or without a slash at its end") {
  const auto [path, where, id] = GENERATE(table<const char*, route, const char*>({
      {"/reviews", route::reviews, ""},
      {"/reviews/meta", route::reviews_meta, ""},
      {"/reviews/5", route::review, "5"},
      {"/reviews/x", route::review, "x"},
      {"/reviews/5/helpful", route::review_helpful, "5"},
      {"/reviews//helpful", route::review_helpful, ""},
      {"/reviews/5/report", route::review_report, "5"},
      {"/qa/questions", route::questions, ""},
      {"/qa/questions/7/answers", route::question_answers, "7"},
      {"/qa/questions/7/helpful", route::question_helpful, "7"},
      {"/qa/questions/7/report", route::question_report, "7"},
      {"/qa/answers/9/helpful", route::answer_helpful, "9"},
      {"/qa/answers/9/report", route::answer_report, "9"},
      {"/live", route::live, ""},
      {"/ready", route::ready, ""},
      {"/", route::unknown, ""},
      {"/reviews/5/6/helpful", route::unknown, ""},
      {"/reviews/5/helpfuls", route::unknown, ""},
      {"/qa", route::unknown, ""},
      {"/Reviews", route::unknown, ""},
      {"/qa/answers/9", route::unknown, ""},
  }));
  INFO(path);
  for (const auto& sent : {std::string(path), std::string(path) + "/"}) {
    if (sent == "//") continue;
    const auto found = match(sent);
    CHECK(found.where == where);
    if (where != route::unknown) CHECK(found.id == id);
  }
}

TEST_CASE("each route allows its methods and OPTIONS") {
  CHECK(allows(route::reviews, method::post));
  CHECK(allows(route::reviews, method::head));
  CHECK_FALSE(allows(route::reviews, method::put));
  CHECK(allows(route::review_helpful, method::put));
  CHECK_FALSE(allows(route::review_helpful, method::post));
  CHECK_FALSE(allows(route::review_helpful, method::get));
  CHECK(allows(route::answer_report, method::options));
  CHECK_FALSE(allows(route::unknown, method::options));
  CHECK_FALSE(allows(route::reviews, method::other));
}
