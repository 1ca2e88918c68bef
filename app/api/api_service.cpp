#include "app/api/api_service.hpp"

#include "app/api/etag.hpp"
#include "app/api/web_files.hpp"
#include "core/http/content_coding.hpp"
#include "core/http/problem.hpp"

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

// Routes whose GET is read from the database, and may be kept.
bool is_data(route where) {
  return where == route::reviews || where == route::reviews_meta || where == route::review ||
         where == route::questions || where == route::question_answers;
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

// What needs neither the database nor the cache; nothing: it does.
std::optional<api_service::said> api_service::say_at_once(const http::request& asked, const matched& place) {
  const auto token = verify_token_of(place.path);
  const bool is_token = place.where == route::unknown && options_.verify_tokens.contains(token);
  if (place.where == route::unknown && !is_token) return not_found(no_such_path);
  const auto like = is_token ? route::live : place.where;
  const auto allowed = allowed_methods(like);
  if (!allows(like, asked.head.verb)) return method_not_allowed(allowed);
  if (asked.head.verb == http::method::options)
    return http::response{.status = 204, .fields = fmt::format("Allow: {}\r\n{}", allowed, preflight_fields)};
  if (is_token) return text_answer(std::string(token));
  if (place.where == route::live) return text_answer("live\n");
  if (!is_web(place.where)) return std::nullopt;
  if (auto file = web_answer(place.where, place.id, asked.head.fields)) return *std::move(file);
  return not_found(no_such_path);
}

bool api_service::answer_now(const http::request& asked, http::responder& out) {
  const auto place = match(asked.head.path);
  out.label(name_of(place.where));
  const bool reads_data = is_data(place.where) && is_read(asked);
  if (reads_data && answer_read_now(asked, place, out)) return true;
  if (!reads_data)
    if (const auto what = say_at_once(asked, place)) {
      say(asked, place.where, *what, out);
      return true;
    }
  // Whoever shares a query that is under way costs the database nothing; and that much is asked is no reason
  // to say that it does not answer.
  const bool always = place.where == route::ready || (reads_data && shares_query(asked, place));
  if (counters_.in_flight >= options_.requests_in_flight_max && !always) {
    say(asked, place.where, of_database({db::errc::overloaded}), out);
    return true;
  }
  return false;
}

task<> api_service::answer(const http::request& asked, http::responder& out) {
  const auto place = match(asked.head.path);
  out.label(name_of(place.where));
  ++counters_.in_flight;
  const auto began = clock::now();
  if (is_data(place.where) && is_read(asked)) {
    co_await answer_read(asked, place, out);
  } else {
    const auto what = co_await dispatch(asked, place);
    say(asked, place.where, what, out);
  }
  counters_.database_times[static_cast<std::size_t>(place.where)].add(clock::now() - began);
  --counters_.in_flight;
}

task<api_service::said> api_service::dispatch(const http::request& asked, const matched& place) {
  switch (place.where) {
    case route::ready:
      co_return co_await ready();
    case route::reviews:
      co_return co_await post_review(asked, place.path);
    case route::questions:
      co_return co_await post_question(asked, place.path);
    case route::question_answers:
      co_return co_await post_answer(asked, place);
    case route::review_helpful:
      co_return co_await vote(statement::review_helpful, place.id, no_such_review);
    case route::review_report:
      co_return co_await vote(statement::review_report, place.id, no_such_review);
    case route::question_helpful:
      co_return co_await vote(statement::question_helpful, place.id, no_such_question);
    case route::question_report:
      co_return co_await vote(statement::question_report, place.id, no_such_question);
    case route::answer_helpful:
      co_return co_await vote(statement::answer_helpful, place.id, no_such_answer);
    case route::answer_report:
      co_return co_await vote(statement::answer_report, place.id, no_such_answer);
    default:
      co_return not_found(no_such_path);
  }
}

void api_service::say(const http::request& asked, route where, const said& what, http::responder& out) {
  if (!what) {
    counters_.count(where, what.error().status);
    log_refusal(what.error(), asked.id, name_of(where));
    out.send(render(what.error(), http::accepts_problem(asked.head.fields)));
    return;
  }
  auto answer = *what;
  answer.fields += http::cors_fields;
  if (is_read(asked) && answer.status == 200) {
    const auto etag = etag_of(answer.body);
    answer.fields += fmt::format("ETag: {}\r\n", etag);
    if (names_etag(asked.head.fields, etag)) {
      answer.status = 304;
      answer.content_type = {};
      answer.body.clear();
      const auto coded = answer.fields.find(http::gzip_field);
      if (coded != answer.fields.npos) answer.fields.erase(coded, http::gzip_field.size());
    }
  }
  if (!out.has_room(answer.body.size())) return say(asked, where, no_room(), out);
  counters_.count(where, answer.status);
  out.send(answer);
}

http::response api_service::refusal(unsigned status, std::string_view reason, bool as_problem) {
  counters_.count(route::unknown, status);
  return render(of_framing(status, reason), as_problem);
}

}  // namespace atelier::api
