// A page of five reviews: from the database's binary rows to JSON.
#include "app/api/reviews.hpp"
#include "bench/micro/cases.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cstring>

namespace atelier::bench {
namespace {

constexpr int rows = 5;
constexpr std::string_view body =
    "I really did or did not like this product based on whether it was \"sustainably\" sourced. Then I found "
    "out that it's made from "
    "nothing at all; would buy it again, without a second thought.";

template <class T>
std::string big_endian(T value) {
  std::string out(sizeof value, 0);
  for (std::size_t i = 0; i < sizeof value; ++i)
    out[sizeof value - 1 - i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i));
  return out;
}

// array_send of PostgreSQL: dimensions, flags, type, length, lower bound, then each element with its length.
std::string array_of(std::int32_t type, const std::vector<std::string>& elements) {
  std::string out = big_endian<std::int32_t>(1) + big_endian<std::int32_t>(0) + big_endian(type) +
                    big_endian(static_cast<std::int32_t>(elements.size())) + big_endian<std::int32_t>(1);
  for (const auto& e : elements) out += big_endian(static_cast<std::int32_t>(e.size())) + e;
  return out;
}

db::answer make_rows() {
  db::pg_result made(PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK));
  std::array<char, 2> name{"c"};
  std::array<PGresAttDesc, 11> columns{};
  for (auto& c : columns) c = {name.data(), 0, 0, 1, 0, -1, -1};
  PQsetResultAttrs(made.get(), static_cast<int>(columns.size()), columns.data());
  for (int row = 0; row < rows; ++row) {
    const bool photos = row % 3 == 0;
    const std::array<std::string, 11> values{
        big_endian<std::int64_t>(1000 + row),
        big_endian<std::int16_t>(4),
        "This product was great!",
        std::string(1, 1),
        "",
        std::string(body),
        big_endian<std::int64_t>(650'000'000'000'000),
        "shortandsweeet",
        big_endian<std::int32_t>(12),
        photos ? array_of(20, {big_endian<std::int64_t>(7), big_endian<std::int64_t>(8)}) : "",
        photos ? array_of(25, {"https://images.example.com/photo-1400083314443?w=1650&q=80",
                               "https://images.example.com/photo-2"})
               : ""};
    for (int column = 0; column < 11; ++column) {
      std::string value = values[static_cast<std::size_t>(column)];
      const bool is_null = value.empty();
      PQsetvalue(made.get(), row, column, is_null ? nullptr : value.data(),
                 is_null ? -1 : static_cast<int>(value.size()));
    }
  }
  return db::answer(std::move(made));
}

const db::answer& five_rows() {
  static const db::answer made = make_rows();
  return made;
}

std::size_t ours() { return api::reviews_json(40344, {}, api::review_order::relevant, five_rows()).size(); }

// The same members put into a document and printed: how it is written where speed is no concern.
std::size_t as_document() {
  const auto& from = five_rows();
  nlohmann::ordered_json results = nlohmann::ordered_json::array();
  for (int row = 0; row < from.size(); ++row) {
    nlohmann::ordered_json photos = nlohmann::ordered_json::array();
    auto ids = from.array(row, 9);
    auto urls = from.array(row, 10);
    while (ids.left() > 0) photos.push_back({{"id", ids.next_int8()}, {"url", std::string(urls.next())}});
    results.push_back({{"review_id", from.int8(row, 0)},
                       {"rating", from.int2(row, 1)},
                       {"summary", std::string(from.text(row, 2))},
                       {"recommend", from.boolean(row, 3)},
                       {"response", nullptr},
                       {"body", std::string(from.text(row, 5))},
                       {"date", "2020-08-07T03:33:20.000Z"},
                       {"reviewer_name", std::string(from.text(row, 7))},
                       {"helpfulness", from.int4(row, 8)},
                       {"photos", std::move(photos)}});
  }
  return nlohmann::ordered_json{
      {"product", "40344"}, {"page", 0}, {"count", 5}, {"results", std::move(results)}}
      .dump()
      .size();
}

constexpr hot_path paths[] = {{"json/ours", "a page of five reviews, 2 KB", ours, 2000},
                              {"json/nlohmann", "the same as a document that is printed", as_document, 2000}};

}  // namespace

std::span<const hot_path> json_paths() { return paths; }

}  // namespace atelier::bench
