#include "app/api/reviews.hpp"

#include "app/api/json.hpp"
#include "app/api/row_order.hpp"

#include <tuple>

namespace atelier::api {

using namespace std::string_view_literals;

namespace {

// The order of REVIEW_COLUMNS in statements.cpp.
enum review_column {
  id,
  rating,
  summary,
  recommend,
  response,
  body,
  date,
  reviewer_name,
  helpfulness,
  photo_ids,
  photo_urls,
  product_id
};

// The members of a review from review_id to photos, without braces.
void append_review(std::string& out, const db::answer& rows, int row) {
  out += R"("review_id":)"sv;
  append_number(out, rows.int8(row, id));
  out += R"(,"rating":)"sv;
  append_number(out, rows.int2(row, rating));
  out += R"(,"summary":)"sv;
  append_json_string(out, rows.text(row, summary));
  out += rows.boolean(row, recommend) ? R"(,"recommend":true,"response":)"sv
                                      : R"(,"recommend":false,"response":)"sv;
  if (rows.is_null(row, response))
    out += "null"sv;
  else
    append_json_string(out, rows.text(row, response));
  out += R"(,"body":)"sv;
  append_json_string(out, rows.text(row, body));
  out += R"(,"date":)"sv;
  append_json_time(out, rows.milliseconds(row, date));
  out += R"(,"reviewer_name":)"sv;
  append_json_string(out, rows.text(row, reviewer_name));
  out += R"(,"helpfulness":)"sv;
  append_number(out, rows.int4(row, helpfulness));
  out += R"(,"photos":)"sv;
  append_photos(out, rows, row, photo_ids, photo_urls);
}

// The highest first.
std::vector<int> shown_order(const db::answer& rows, review_order by) {
  const auto by_date = [&](int row) { return std::pair(-rows.int8(row, date), -rows.int8(row, id)); };
  const auto helpful = [&](int row) { return -std::int64_t{rows.int4(row, helpfulness)}; };
  switch (by) {
    case review_order::newest:
      return rows_by(rows, by_date);
    case review_order::helpful:
      return rows_by(rows, [&](int row) { return std::pair(helpful(row), -rows.int8(row, id)); });
    case review_order::relevant:
      break;
  }
  return rows_by(rows, [&](int row) { return std::pair(helpful(row), by_date(row)); });
}

void append_count(std::string& out, std::string_view key, std::int64_t count) {
  if (count == 0) return;
  if (out.back() != '{') out += ',';
  out += '"';
  out += key;
  out += R"(":")"sv;
  append_number(out, count);
  out += '"';
}

void append_characteristics(std::string& out, const db::answer& row) {
  enum { ids = 7, names, sums, counts };
  auto id = row.array(0, ids);
  auto name = row.array(0, names);
  auto sum = row.array(0, sums);
  auto count = row.array(0, counts);
  std::vector<std::string_view> shown;  // of two with one name, the one with the lower id
  while (id.left() > 0) {
    const auto this_id = id.next_int8();
    const auto this_name = name.next();
    const auto this_sum = sum.next_int8();
    const auto this_count = count.next_int8();
    if (!this_name.data() || std::find(shown.begin(), shown.end(), this_name) != shown.end()) continue;
    if (!shown.empty()) out += ',';
    shown.push_back(this_name);
    append_json_string(out, this_name);
    out += R"(:{"id":)"sv;
    append_number(out, this_id);
    out += R"(,"value":)"sv;
    if (this_count == 0)
      out += "null"sv;
    else
      append_json_mean(out, this_sum, this_count);
    out += '}';
  }
}

}  // namespace

void append_photos(std::string& out, const db::answer& rows, int row, int ids, int urls) {
  out += '[';
  auto id = rows.array(row, ids);
  auto url = rows.array(row, urls);
  while (id.left() > 0) {
    if (out.back() != '[') out += ',';
    out += R"({"id":)"sv;
    append_number(out, id.next_int8());
    out += R"(,"url":)"sv;
    append_json_string(out, url.next());
    out += '}';
  }
  out += ']';
}

std::string reviews_json(std::int64_t product, const paging& asked, review_order by, const db::answer& rows) {
  auto out = begin_json(R"({"product":")"sv);
  append_number(out, product);
  out += R"(","page":)"sv;
  append_number(out, asked.page - 1);  // zero-based, as the live service answered
  out += R"(,"count":)"sv;
  append_number(out, asked.count);
  out += R"(,"results":[)"sv;
  for (const int row : shown_order(rows, by)) {
    out += out.back() == '[' ? "{"sv : ",{"sv;
    append_review(out, rows, row);
    out += '}';
  }
  out += "]}"sv;
  return out;
}

std::string review_json(const db::answer& row) {
  auto out = begin_json(R"({"product_id":")"sv);
  append_number(out, row.int8(0, product_id));
  out += R"(",)"sv;
  append_review(out, row, 0);
  out += '}';
  return out;
}

std::string meta_json(std::int64_t product, const db::answer& row) {
  auto out = begin_json(R"({"product_id":")"sv);
  append_number(out, product);
  out += R"(","ratings":{)"sv;
  const bool known = !row.empty();
  constexpr std::string_view ratings[] = {"1", "2", "3", "4", "5"};
  for (int r = 0; known && r < 5; ++r) append_count(out, ratings[r], row.int4(0, r));
  out += R"(},"recommended":{)"sv;
  if (known) {
    append_count(out, "false", row.int4(0, 5));
    append_count(out, "true", row.int4(0, 6));
  }
  out += R"(},"characteristics":{)"sv;
  if (known) append_characteristics(out, row);
  out += "}}"sv;
  return out;
}

}  // namespace atelier::api
