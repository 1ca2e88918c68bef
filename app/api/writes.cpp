// POST and PUT: each is one statement and one commit; it is acknowledged after that.
#include "app/api/api_service.hpp"
#include "app/api/etag.hpp"
#include "app/api/parameters.hpp"

#include <fmt/format.h>

namespace atelier::api {
namespace {

http::response created(std::string_view location, bool replayed) {
  http::response answer{.status = 201, .content_type = http::text_type, .fields = {}, .body = "Created"};
  if (!location.empty()) answer.fields += fmt::format("Location: {}\r\n", location);
  if (replayed) answer.fields += "Idempotent-Replayed: true\r\n";
  return answer;
}

std::optional<std::string_view> idempotency_key(const http::request& asked) {
  return asked.head.fields.find("idempotency-key");
}

// 1 to 255 visible ASCII characters (RFC 5234, VCHAR), and said once.
std::optional<refusal> check_key(const http::request& asked) {
  constexpr std::size_t key_max = 255;
  const auto key = idempotency_key(asked);
  if (!key) return std::nullopt;
  bool right = !key->empty() && key->size() <= key_max;
  for (const char c : *key) right &= c > 0x20 && c < 0x7f;
  std::size_t said = 0;
  for (const auto& field : asked.head.fields)
    said += http::equals_ignoring_case(field.name, "idempotency-key");
  right &= said == 1;
  if (right) return std::nullopt;
  return invalid("Error: invalid Idempotency-Key provided", "Idempotency-Key",
                 "must be 1 to 255 visible ASCII characters, once");
}

// $1 to $3 of every POST's statement: key, path, hash of the body.
db::arguments key_arguments(const http::request& asked, std::string_view path) {
  db::arguments with;
  if (const auto key = idempotency_key(asked))
    with.add_text(*key);
  else
    with.add_null();
  with.add_text(path).add_text(fingerprint(asked.body));
  return with;
}

}  // namespace

task<api_service::said> api_service::vote(statement what, std::string_view id_sent, const char* unknown) {
  const auto id = parse_id(id_sent);
  if (!id) co_return not_found(unknown);
  const auto found = co_await writer_.vote(what, *id);
  if (!found) co_return found.error();
  if (!*found) co_return not_found(unknown);
  co_return http::response{.status = 204};
}

task<api_service::said> api_service::post_review(const http::request& asked, std::string_view path) {
  if (auto wrong = check_content_type(asked.head, asked.body)) co_return std::move(*wrong);
  if (auto wrong = check_key(asked)) co_return std::move(*wrong);
  auto review = parse_review(asked.body);
  if (!review) co_return co_await refuse_body(review.error(), asked, path);
  auto with = key_arguments(asked, path);
  with.add_int8(review->product_id)
      .add_int2(review->rating)
      .add_text(review->summary)
      .add_text(review->body)
      .add_bool(review->recommend)
      .add_text(review->name)
      .add_text(review->email)
      .add_text_array(review->photos)
      .add_int8_array(review->characteristic_ids)
      .add_int2_array(review->characteristic_values);
  const auto row = co_await writer_.post(statement::add_review, std::move(with));
  if (!row) co_return of_database(row.error());
  if (!row->boolean(0, 0))
    co_return co_await refuse_body(
        invalid(invalid_review, "characteristics", "must be characteristics of that product"), asked, path);
  if (row->is_null(0, 1)) co_return co_await replay(asked, path);
  co_return created(fmt::format("/reviews/{}", row->int8(0, 1)), false);
}

task<api_service::said> api_service::post_question(const http::request& asked, std::string_view path) {
  if (auto wrong = check_content_type(asked.head, asked.body)) co_return std::move(*wrong);
  if (auto wrong = check_key(asked)) co_return std::move(*wrong);
  auto question = parse_question(asked.body);
  if (!question) co_return co_await refuse_body(question.error(), asked, path);
  auto with = key_arguments(asked, path);
  with.add_int8(question->product_id)
      .add_text(question->body)
      .add_text(question->name)
      .add_text(question->email);
  const auto row = co_await writer_.post(statement::add_question, std::move(with));
  if (!row) co_return of_database(row.error());
  if (row->is_null(0, 1)) co_return co_await replay(asked, path);
  co_return created({}, false);
}

task<api_service::said> api_service::post_answer(const http::request& asked, const matched& place) {
  const auto question = parse_id(place.id);
  if (!question) co_return not_found(no_such_question);
  if (auto wrong = check_content_type(asked.head, asked.body)) co_return std::move(*wrong);
  // The path with its id as a number: 007 and 7 are one question.
  const auto path = fmt::format("/qa/questions/{}/answers", *question);
  auto body = parse_answer(asked.body);
  auto bad_key = check_key(asked);
  if (!body || bad_key) {
    // An unknown question comes before what is wrong with the request.
    db::arguments with;
    with.add_int8(*question);
    const auto exists = co_await ask(database_, statement::question_exists, std::move(with));
    if (!exists) co_return of_database(exists.error());
    if (exists->empty()) co_return not_found(no_such_question);
    if (bad_key) co_return std::move(*bad_key);
    co_return co_await refuse_body(body.error(), asked, path);
  }
  auto with = key_arguments(asked, path);
  with.add_int8(*question)
      .add_text(body->body)
      .add_text(body->name)
      .add_text(body->email)
      .add_text_array(body->photos);
  const auto row = co_await writer_.post(statement::add_answer, std::move(with));
  if (!row) co_return of_database(row.error());
  if (!row->boolean(0, 0)) co_return not_found(no_such_question);
  if (row->is_null(0, 1)) co_return co_await replay(asked, path);
  co_return created({}, false);
}

// What the key was used for before: nothing, the same request, or another one.
task<api_service::remembered> api_service::recall(const http::request& asked, std::string_view path) {
  const auto key = idempotency_key(asked);
  if (!key) co_return remembered{};
  db::arguments with;
  with.add_text(*key).add_text(path);
  const auto row = co_await ask(database_, statement::remembered_post, std::move(with));
  if (!row) co_return remembered{.why_not = of_database(row.error())};
  if (row->empty()) co_return remembered{};
  if (row->text(0, 0) != fingerprint(asked.body))
    co_return remembered{.why_not = invalid("Error: Idempotency-Key was used for another request",
                                            "Idempotency-Key", "was used with another body")};
  // Whoever did it may still wait to answer: this answer must not come before that one could.
  const auto known = co_await writer_.wait_for_earlier();
  if (!known) co_return remembered{.why_not = known.error()};
  co_return remembered{.same = created(row->is_null(0, 1) ? std::string_view() : row->text(0, 1), true)};
}

task<api_service::said> api_service::replay(const http::request& asked, std::string_view path) {
  auto before = co_await recall(asked, path);
  if (before.why_not) co_return std::move(*before.why_not);
  if (before.same) co_return std::move(*before.same);
  // The record expired between two statements; the client tries again with the same key.
  co_return of_database({db::errc::unavailable});
}

// A key that was used for another request is said before what is wrong with this one's members.
task<api_service::said> api_service::refuse_body(api::refusal why, const http::request& asked,
                                                 std::string_view path) {
  auto before = co_await recall(asked, path);
  if (before.why_not) co_return std::move(*before.why_not);
  if (before.same) co_return std::move(*before.same);
  co_return why;
}

}  // namespace atelier::api
