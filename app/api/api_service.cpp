#include "app/api/api_service.hpp"

#include "app/api/etag.hpp"
#include "app/api/web_files.hpp"
#include "core/http/problem.hpp"
#include "core/log.hpp"

#include <fmt/format.h>

namespace atelier::api {
namespace {

constexpr auto preflight_fields =
    "Access-Control-Allow-Methods: GET, HEAD, POST, PUT\r\n"
    "Access-Control-Allow-Headers: Authorization, Content-Type, Idempotency-Key, If-None-Match\r\n"
    "Access-Control-Max-Age: 86400\r\n";

bool is_read(const http::request& asked) {
  return asked.head.verb == http::method::get || asked.head.verb == http::method::head;
}

bool is_web(route where) {
  return where == route::openapi || where == route::docs || where == route::docs_file;
}

http::response text_answer(std::string body) {
  return {.status = 200, .content_type = http::text_type, .fields = {}, .body = std::move(body)};
}

// The token that a path of --verify-token names: /NAME, /NAME.txt or /NAME.html.
std::string_view verify_token_of(std::string_view path) {
  path.remove_prefix(1);
  for (const std::string_view ending : {".txt", ".html"})
    if (path.ends_with(ending)) return path.substr(0, path.size() - ending.size());
  return path;
}

}  // namespace

bool api_service::answer_now(const http::request& asked, http::responder& out) {
  const auto place = match(asked.head.path);
  const auto token = verify_token_of(place.path);
  const bool is_token = place.where == route::unknown && options_.verify_tokens.contains(token);
  if (place.where == route::unknown && !is_token) {
    say(asked, place.where, not_found("Error: there is nothing at this path"), out);
    return true;
  }
  const auto like = is_token ? route::live : place.where;
  const auto allowed = allowed_methods(like);
  if (!allows(like, asked.head.verb)) {
    say(asked, place.where, method_not_allowed(allowed), out);
    return true;
  }
  if (asked.head.verb == http::method::options) {
    say(asked, place.where,
        http::response{.status = 204, .fields = fmt::format("Allow: {}\r\n{}", allowed, preflight_fields)},
        out);
    return true;
  }
  if (is_token) {
    say(asked, place.where, text_answer(std::string(token)), out);
    return true;
  }
  if (place.where == route::live) {
    say(asked, place.where, text_answer("live\n"), out);
    return true;
  }
  if (is_web(place.where)) {
    if (auto file = web_answer(place.where, place.id))
      say(asked, place.where, *std::move(file), out);
    else
      say(asked, place.where, not_found("Error: there is nothing at this path"), out);
    return true;
  }
  if (counters_.in_flight >= options_.requests_in_flight_max) {
    say(asked, place.where, of_database({db::errc::overloaded}), out);
    return true;
  }
  return false;
}

task<> api_service::answer(const http::request& asked, http::responder& out) {
  const auto place = match(asked.head.path);
  ++counters_.in_flight;
  const auto what = co_await dispatch(asked, place);
  --counters_.in_flight;
  say(asked, place.where, what, out);
}

task<api_service::said> api_service::dispatch(const http::request& asked, const matched& place) {
  if (is_read(asked)) co_return co_await read(asked, place);
  switch (place.where) {
    case route::reviews:
      co_return co_await post_review(asked, place.path);
    case route::questions:
      co_return co_await post_question(asked, place.path);
    case route::question_answers:
      co_return co_await post_answer(asked, place);
    case route::review_helpful:
      co_return co_await vote(statement::review_helpful, place.id, "Error: invalid review id provided");
    case route::review_report:
      co_return co_await vote(statement::review_report, place.id, "Error: invalid review id provided");
    case route::question_helpful:
      co_return co_await vote(statement::question_helpful, place.id, "Error: invalid question id provided");
    case route::question_report:
      co_return co_await vote(statement::question_report, place.id, "Error: invalid question id provided");
    case route::answer_helpful:
      co_return co_await vote(statement::answer_helpful, place.id, "Error: invalid answer id provided");
    case route::answer_report:
      co_return co_await vote(statement::answer_report, place.id, "Error: invalid answer id provided");
    default:
      break;
  }
  co_return not_found("Error: there is nothing at this path");
}

void api_service::say(const http::request& asked, route where, const said& what, http::responder& out) {
  if (!what) {
    counters_.count(where, what.error().status);
    out.send(render(what.error(), http::accepts_problem(asked.head.fields)));
    return;
  }
  auto answer = *what;
  answer.fields += http::cors_fields;
  if (is_read(asked) && answer.status == 200) {
    const auto etag = etag_of(answer.body);
    answer.fields += fmt::format("ETag: {}\r\n", etag);
    const auto known = asked.head.fields.find("if-none-match");
    if (known && names_etag(*known, etag)) {
      answer.status = 304;
      answer.content_type = {};
      answer.body.clear();
    }
  }
  counters_.count(where, answer.status);
  out.send(answer);
}

http::response api_service::refusal(unsigned status, std::string_view reason, bool as_problem) {
  counters_.count(route::unknown, status);
  return render(of_framing(status, reason), as_problem);
}

task<db::outcome> api_service::run(statement what, db::arguments with) {
  auto outcome = co_await database_.run(static_cast<std::size_t>(what), std::move(with));
  if (!outcome && outcome.error().what == db::errc::rejected)
    log::error("a statement was rejected statement={} sqlstate={} message=\"{}\"",
               all_statements()[static_cast<std::size_t>(what)].name, outcome.error().sqlstate,
               outcome.error().message);
  co_return outcome;
}

}  // namespace atelier::api
