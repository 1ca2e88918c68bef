#include "app/api/parameters.hpp"

#include "core/int128.hpp"

#include <charconv>

namespace atelier::api {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
               hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool is_default(std::string_view value) {
  return value.empty() || value == "NaN" || value == "undefined" || value == "null";
}

}  // namespace

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t value = 0;
  if (text.empty() || text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

std::optional<std::int64_t> parse_id(std::string_view text) {
  const auto value = parse_number(text);
  return value && *value > 0 ? value : std::nullopt;
}

std::optional<std::string> query_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    const auto equals = std::min(pair.find('='), pair.size());
    const auto key = pair.substr(0, equals);
    if (key == name || (key.find_first_of("%+") != key.npos && decode(key) == name))
      return decode(pair.substr(std::min(equals + 1, pair.size())));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return std::nullopt;
}

std::int64_t paging::offset() const {
  const auto rows = static_cast<int128>(page - 1) * count;
  return rows > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(rows);
}

answer_or<paging> parse_paging(std::string_view query) {
  paging asked;
  if (const auto page = query_parameter(query, "page"); page && !is_default(*page)) {
    const auto number = parse_number(*page);
    if (!number) return invalid("Error: invalid page provided", "page", "must be a number from 1");
    asked.page = std::max<std::int64_t>(*number, 1);
  }
  if (const auto count = query_parameter(query, "count"); count && !is_default(*count)) {
    const auto number = parse_number(*count);
    if (!number) return invalid("Error: invalid count provided", "count", "must be a number from 0");
    asked.count = *number;
  }
  return asked;
}

answer_or<std::int64_t> parse_product(std::string_view query) {
  const auto product = query_parameter(query, "product_id");
  const auto id = product ? parse_id(*product) : std::nullopt;
  if (!id)
    return invalid("Error: invalid product_id provided", "product_id",
                   product ? "must be a whole number from 1" : "is missing");
  return *id;
}

review_order parse_sort(std::string_view query) {
  const auto sort = query_parameter(query, "sort");
  if (sort == "newest") return review_order::newest;
  if (sort == "helpful") return review_order::helpful;
  return review_order::relevant;
}

}  // namespace atelier::api
