// GET: what is asked for, then from what is kept or by one round trip, then one prepared answer.
#include "app/api/api_service.hpp"
#include "app/api/etag.hpp"

#include <memory>

namespace atelier::api {

bool api_service::answer_read_now(const http::request& asked, const matched& place, http::responder& out) {
  const auto what = parse_lookup(place, asked.head.query);
  if (!what) {
    say(asked, place.where, what.error(), out);
    return true;
  }
  const auto* kept = reader_.kept(*what);
  if (!kept) return false;
  say_finished(asked, place.where, *kept, out);
  return true;
}

bool api_service::shares_query(const http::request& asked, const matched& place) const {
  const auto what = parse_lookup(place, asked.head.query);
  return what && reader_.is_under_way(*what);
}

task<> api_service::answer_read(const http::request& asked, const matched& place, http::responder& out) {
  const auto what = parse_lookup(place, asked.head.query);
  const auto made = co_await reader_.fetch(*what);
  if (made)
    say_finished(asked, place.where, **made, out);
  else
    say(asked, place.where, made.error(), out);
}

void api_service::say_finished(const http::request& asked, route where, const finished_answer& answer,
                               http::responder& out) {
  if (!answer.exists()) return say(asked, where, not_found(no_such_review), out);
  if (names_etag(asked.head.fields, answer.etag())) {
    counters_.count(where, 304);
    http::response same{
        .status = 304, .content_type = {}, .fields = std::string(http::cors_fields), .body = {}};
    same.fields.append("ETag: ").append(answer.etag()).append("\r\n");
    out.send(same);
    return;
  }
  static const http::prepared_head head(200, http::json_type, std::string(http::cors_fields) + "ETag: ");
  const auto body = answer.body();
  if (!out.has_room(body.size())) return say(asked, where, no_room(), out);
  counters_.count(where, head.status());
  if (body.size() < http::large_bytes)
    out.send(head, answer.etag(), body);
  else
    out.send(head, answer.etag(), body, std::make_shared<const shared_answer>(&answer));
}

task<api_service::said> api_service::ready() {
  if (draining_)
    co_return api::refusal{503, "Error: this worker is stopping, ask another one", {}, "Retry-After: 1\r\n"};
  // Under load its last answer is new, and a question of our own would have to wait in line.
  constexpr auto lately = std::chrono::seconds(1);
  if (!database_.has_answered_within(lately)) {
    const auto pong = co_await ask(database_, statement::ping, {});
    if (!pong) co_return of_database({db::errc::unavailable});  // why not is nothing to whoever asks
  }
  co_return http::response{.status = 200, .content_type = http::text_type, .fields = {}, .body = "ready\n"};
}

}  // namespace atelier::api
