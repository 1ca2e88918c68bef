#include "app/api/parameters.hpp"

#include "core/hex.hpp"
#include "core/int128.hpp"

#include <charconv>

namespace atelier::api {
namespace {

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

parameters::value* place_of(parameters& all, std::string_view name) {
  parameters::value* const places[]{&all.product_id, &all.page, &all.count, &all.sort};
  static_assert(std::size(places) == query_parameter_names.size());
  for (std::size_t i = 0; i < query_parameter_names.size(); ++i)
    if (name == query_parameter_names[i]) return places[i];
  return nullptr;
}

// A number of a page or a count; nothing where the default is meant.
answer_or<std::optional<std::int64_t>> parse_one(const parameters::value& sent, const char* sentence,
                                                 const char* field, const char* reason) {
  std::string room;
  const auto text = sent.decoded(room);
  if (is_default(text)) return std::optional<std::int64_t>();
  const auto number = parse_number(text);
  if (!number) return invalid(sentence, field, reason);
  return number;
}

}  // namespace

std::optional<std::int64_t> parse_number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  for (const char c : text)
    if (c < '0' || c > '9') return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

std::optional<std::int64_t> parse_id(std::string_view text) {
  const auto value = parse_number(text);
  return value && *value > 0 ? value : std::nullopt;
}

std::string_view parameters::value::decoded(std::string& room) const {
  if (!is_encoded) return sent;
  room = decode(sent);
  return room;
}

parameters parse_query(std::string_view query) {
  parameters found;
  const char* at = query.data();
  const char* const end = at + query.size();
  while (at < end) {
    const char* const begin = at;
    const char* equals = nullptr;
    bool is_encoded[2] = {false, false};  // of the name, of the value
    for (; at < end && *at != '&'; ++at) {
      if (*at == '=' && !equals) equals = at;
      if (*at == '%' || *at == '+') is_encoded[equals != nullptr] = true;
    }
    const char* const name_end = equals ? equals : at;
    const std::string_view name(begin, static_cast<std::size_t>(name_end - begin));
    const char* const value_begin = equals ? equals + 1 : at;
    const std::string_view value(value_begin, static_cast<std::size_t>(at - value_begin));
    if (auto* const known = is_encoded[0] ? place_of(found, decode(name)) : place_of(found, name);
        known && !known->is_there)
      *known = {value, true, is_encoded[1]};
    if (at < end) ++at;
  }
  return found;
}

std::int64_t paging::offset() const {
  const auto rows = static_cast<int128>(page - 1) * count;
  return rows > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(rows);
}

answer_or<paging> parse_paging(const parameters& sent) {
  paging asked;
  const auto page = parse_one(sent.page, "Error: invalid page provided", "page", "must be a number from 1");
  if (!page) return page.error();
  const auto count =
      parse_one(sent.count, "Error: invalid count provided", "count", "must be a number from 0");
  if (!count) return count.error();
  if (*page) asked.page = std::max<std::int64_t>(**page, 1);
  if (*count) asked.count = **count;
  return asked;
}

answer_or<std::int64_t> parse_product(const parameters& sent) {
  std::string room;
  const auto id = parse_id(sent.product_id.decoded(room));
  if (!id)
    return invalid("Error: invalid product_id provided", "product_id",
                   sent.product_id.is_there ? "must be a whole number from 1" : "is missing");
  return *id;
}

review_order parse_sort(const parameters& sent) {
  std::string room;
  const auto sort = sent.sort.decoded(room);
  if (sort == "newest") return review_order::newest;
  if (sort == "helpful") return review_order::helpful;
  return review_order::relevant;
}

}  // namespace atelier::api
