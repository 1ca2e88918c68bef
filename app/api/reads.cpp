// GET: parameters in, one round trip, JSON out.
#include "app/api/api_service.hpp"
#include "app/api/parameters.hpp"
#include "app/api/questions.hpp"
#include "app/api/reviews.hpp"

namespace atelier::api {
namespace {

http::response json(std::string body) {
  return {.status = 200, .content_type = http::json_type, .fields = {}, .body = std::move(body)};
}

statement list_in(review_order order) {
  switch (order) {
    case review_order::newest:
      return statement::reviews_newest;
    case review_order::helpful:
      return statement::reviews_helpful;
    case review_order::relevant:
      break;
  }
  return statement::reviews_relevant;
}

db::arguments page_of(std::int64_t id, const paging& asked) {
  db::arguments with;
  with.add_int8(id).add_int8(asked.count).add_int8(asked.offset());
  return with;
}

}  // namespace

task<api_service::said> api_service::read(const http::request& asked, const matched& place) {
  switch (place.where) {
    case route::reviews:
      co_return co_await reviews(asked.head.query);
    case route::reviews_meta:
      co_return co_await meta(asked.head.query);
    case route::review:
      co_return co_await review(place.id);
    case route::questions:
      co_return co_await questions(asked.head.query);
    case route::question_answers:
      co_return co_await answers(place.id, asked.head.query);
    case route::ready:
      co_return co_await ready();
    default:
      co_return not_found("Error: there is nothing at this path");
  }
}

task<api_service::said> api_service::reviews(std::string_view query) {
  const auto product = parse_product(query);
  if (!product) co_return product.error();
  const auto asked = parse_paging(query);
  if (!asked) co_return asked.error();
  const auto rows = co_await run(list_in(parse_sort(query)), page_of(*product, *asked));
  if (!rows) co_return of_database(rows.error());
  co_return json(reviews_json(*product, *asked, *rows));
}

task<api_service::said> api_service::review(std::string_view id_sent) {
  const auto id = parse_id(id_sent);
  if (!id) co_return not_found("Error: invalid review id provided");
  db::arguments with;
  with.add_int8(*id);
  const auto row = co_await run(statement::review, std::move(with));
  if (!row) co_return of_database(row.error());
  if (row->empty()) co_return not_found("Error: invalid review id provided");
  co_return json(review_json(*row));
}

task<api_service::said> api_service::meta(std::string_view query) {
  const auto product = parse_product(query);
  if (!product) co_return product.error();
  db::arguments with;
  with.add_int8(*product);
  const auto row = co_await run(statement::meta, std::move(with));
  if (!row) co_return of_database(row.error());
  co_return json(meta_json(*product, *row));
}

task<api_service::said> api_service::questions(std::string_view query) {
  const auto product = parse_product(query);
  if (!product) co_return product.error();
  const auto asked = parse_paging(query);
  if (!asked) co_return asked.error();
  const auto rows = co_await run(statement::questions, page_of(*product, *asked));
  if (!rows) co_return of_database(rows.error());
  co_return json(questions_json(*product, *rows));
}

task<api_service::said> api_service::answers(std::string_view id_sent, std::string_view query) {
  const auto question = parse_id(id_sent);
  if (!question) co_return not_found("Error: invalid question id provided");
  const auto asked = parse_paging(query);
  if (!asked) co_return asked.error();
  const auto rows = co_await run(statement::answers, page_of(*question, *asked));
  if (!rows) co_return of_database(rows.error());
  co_return json(answers_json(*question, *asked, *rows));
}

task<api_service::said> api_service::ready() {
  if (draining_) co_return api::refusal{503, "Error: this worker is stopping", {}, "Retry-After: 1\r\n"};
  const auto pong = co_await run(statement::ping, {});
  if (!pong) co_return of_database(pong.error());
  co_return http::response{.status = 200, .content_type = http::text_type, .fields = {}, .body = "ready\n"};
}

}  // namespace atelier::api
