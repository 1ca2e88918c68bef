#include "app/api/questions.hpp"

#include "app/api/json.hpp"
#include "app/api/reviews.hpp"
#include "app/api/row_order.hpp"

#include <tuple>

namespace atelier::api {

using namespace std::string_view_literals;

namespace {

// The columns of an answer in both statements, from where they begin.
enum answer_column { id, body, date, answerer_name, helpfulness };

// ,"body":… to "helpfulness":…, what both lists have in common.
void append_answer(std::string& out, const db::answer& rows, int row, int from) {
  out += R"(,"body":)"sv;
  append_json_string(out, rows.text(row, from + body));
  out += R"(,"date":)"sv;
  append_json_time(out, rows.milliseconds(row, from + date));
  out += R"(,"answerer_name":)"sv;
  append_json_string(out, rows.text(row, from + answerer_name));
  out += R"(,"helpfulness":)"sv;
  append_number(out, rows.int4(row, from + helpfulness));
}

// "68":{"id":68,…,"photos":["https://…"]}
void append_keyed_answer(std::string& out, const db::answer& rows, int row, int from) {
  out += '"';
  append_number(out, rows.int8(row, from + id));
  out += R"(":{"id":)"sv;
  append_number(out, rows.int8(row, from + id));
  append_answer(out, rows, row, from);
  out += R"(,"photos":[)"sv;
  constexpr int photo_urls = helpfulness + 1;
  for (auto urls = rows.array(row, from + photo_urls); urls.left() > 0;) {
    if (out.back() != '[') out += ',';
    append_json_string(out, urls.next());
  }
  out += "]}"sv;
}

enum { question_id, question_body, question_date, asker_name, question_helpfulness, first_of_answer };

// The rows of `questions` as they are shown: questions by helpfulness, date and id, the highest first, and
// the answers of each by id.
std::vector<int> shown_order(const db::answer& rows) {
  return rows_by(rows, [&](int row) {
    const auto answer = rows.is_null(row, first_of_answer) ? 0 : rows.int8(row, first_of_answer);
    return std::tuple(-std::int64_t{rows.int4(row, question_helpfulness)}, -rows.int8(row, question_date),
                      -rows.int8(row, question_id), answer);
  });
}

}  // namespace

std::string questions_json(std::int64_t product, const db::answer& rows) {
  const auto order = shown_order(rows);
  auto out = begin_json(R"({"product_id":")"sv);
  append_number(out, product);
  out += R"(","results":[)"sv;
  for (auto at = order.begin(); at != order.end();) {
    const int row = *at;
    const auto question = rows.int8(row, question_id);
    out += at == order.begin() ? R"({"question_id":)"sv : R"(,{"question_id":)"sv;
    append_number(out, question);
    out += R"(,"question_body":)"sv;
    append_json_string(out, rows.text(row, question_body));
    out += R"(,"question_date":)"sv;
    append_json_time(out, rows.milliseconds(row, question_date));
    out += R"(,"asker_name":)"sv;
    append_json_string(out, rows.text(row, asker_name));
    out += R"(,"question_helpfulness":)"sv;
    append_number(out, rows.int4(row, question_helpfulness));
    out += R"(,"reported":false,"answers":{)"sv;
    for (; at != order.end() && rows.int8(*at, question_id) == question; ++at) {
      if (rows.is_null(*at, first_of_answer)) continue;
      if (out.back() != '{') out += ',';
      append_keyed_answer(out, rows, *at, first_of_answer);
    }
    out += "}}"sv;
  }
  out += "]}"sv;
  return out;
}

std::string answers_json(std::int64_t question, const paging& asked, const db::answer& rows) {
  constexpr int photo_ids = helpfulness + 1;
  auto out = begin_json(R"({"question":")"sv);
  append_number(out, question);
  out += R"(","page":)"sv;
  append_number(out, asked.page);
  out += R"(,"count":)"sv;
  append_number(out, asked.count);
  out += R"(,"results":[)"sv;
  const auto order = rows_by(rows, [&](int row) {
    return std::tuple(-std::int64_t{rows.int4(row, helpfulness)}, -rows.int8(row, date), -rows.int8(row, id));
  });
  for (const int row : order) {
    out += out.back() == '[' ? R"({"answer_id":)"sv : R"(,{"answer_id":)"sv;
    append_number(out, rows.int8(row, id));
    append_answer(out, rows, row, id);
    out += R"(,"photos":)"sv;
    append_photos(out, rows, row, photo_ids, photo_ids + 1);
    out += '}';
  }
  out += "]}"sv;
  return out;
}

}  // namespace atelier::api
