#include "app/api/lookup.hpp"

#include "app/api/parameters.hpp"
#include "app/api/questions.hpp"
#include "app/api/reviews.hpp"

namespace atelier::api {
namespace {

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

review_order order_of(statement list) {
  switch (list) {
    case statement::reviews_newest:
      return review_order::newest;
    case statement::reviews_helpful:
      return review_order::helpful;
    default:
      return review_order::relevant;
  }
}

answer_or<lookup> page_of(statement what, std::int64_t id, const parameters& sent) {
  const auto asked = parse_paging(sent);
  if (!asked) return asked.error();
  return lookup{what, id, asked->page, asked->count};
}

answer_or<lookup> page_of_product(statement what, const parameters& sent) {
  const auto product = parse_product(sent);
  if (!product) return product.error();
  return page_of(what, *product, sent);
}

}  // namespace

answer_or<lookup> parse_lookup(const matched& place, std::string_view query) {
  const auto sent = parse_query(query);
  switch (place.where) {
    case route::reviews:
      return page_of_product(list_in(parse_sort(sent)), sent);
    case route::questions:
      return page_of_product(statement::questions, sent);
    case route::reviews_meta: {
      const auto product = parse_product(sent);
      if (!product) return product.error();
      return lookup{statement::meta, *product};
    }
    case route::review: {
      const auto id = parse_id(place.id);
      if (!id) return not_found(no_such_review);
      return lookup{statement::review, *id};
    }
    case route::question_answers: {
      const auto question = parse_id(place.id);
      if (!question) return not_found(no_such_question);
      return page_of(statement::answers, *question, sent);
    }
    default:
      return not_found(no_such_path);
  }
}

topic topic_of(const lookup& r) {
  switch (r.what) {
    case statement::questions:
      return {topic::kind::questions, r.id};
    case statement::answers:
      return {topic::kind::answers, r.id};
    case statement::review:
      return {topic::kind::review, r.id};
    default:
      return {topic::kind::reviews, r.id};
  }
}

db::arguments arguments_of(const lookup& r) {
  db::arguments with;
  with.add_int8(r.id);
  if (r.what != statement::review && r.what != statement::meta)
    with.add_int8(r.count).add_int8(paging{r.page, r.count}.offset());
  return with;
}

std::uint64_t sharing_kind(const lookup& r) {
  constexpr std::int64_t rows_max = 100, pages_max = 100;
  if (r.count > rows_max || r.page > pages_max) return 0;
  const auto place = (r.page * (rows_max + 1)) + r.count;  // each page and count have their own
  return 1 + static_cast<std::uint64_t>(place) * all_statements().size() + static_cast<std::uint64_t>(r.what);
}

std::optional<std::string> json_of(const lookup& r, const db::answer& rows) {
  const paging asked{r.page, r.count};
  switch (r.what) {
    case statement::meta:
      return meta_json(r.id, rows);
    case statement::review:
      if (rows.empty()) return std::nullopt;
      return review_json(rows);
    case statement::questions:
      return questions_json(r.id, rows);
    case statement::answers:
      return answers_json(r.id, asked, rows);
    default:
      return reviews_json(r.id, asked, order_of(r.what), rows);
  }
}

}  // namespace atelier::api
