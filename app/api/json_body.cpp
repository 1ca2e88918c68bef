#include "app/api/json_body.hpp"

#include "app/api/parameters.hpp"

#include <algorithm>

namespace atelier::api {
namespace {

namespace ondemand = simdjson::ondemand;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view without_blanks_behind(std::string_view text) {
  const auto end = text.find_last_not_of(" \t\r\n");
  return text.substr(0, end == text.npos ? 0 : end + 1);
}

int hex_value(std::string_view four) {
  int value = 0;
  for (const char c : four) {
    const int digit = is_digit(c)            ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return four.size() == 4 ? value : -1;
}

bool scalar_is_right(std::string_view token) {
  token = without_blanks_behind(token);
  if (token.starts_with('"')) return check_json_string(token) != string_fault::grammar;
  return token == "true" || token == "false" || token == "null" || is_json_number(token);
}

bool is_right(ondemand::value value, int level);

bool object_is_right(ondemand::object object, int level) {
  for (auto field : object) {
    ondemand::raw_json_string key;
    if (field.key().get(key)) return false;
    const char* end = key.raw();
    while (*end != '"') end += *end == '\\' ? 2 : 1;  // the first stage has found every string's end
    if (check_json_string({key.raw() - 1, static_cast<std::size_t>(end - key.raw()) + 2}) ==
        string_fault::grammar)
      return false;
    ondemand::value inner;
    if (field.value().get(inner) || !is_right(inner, level)) return false;
  }
  return true;
}

bool array_is_right(ondemand::array array, int level) {
  for (auto element : array) {
    ondemand::value inner;
    if (element.get(inner) || !is_right(inner, level)) return false;
  }
  return true;
}

bool is_right(ondemand::value value, int level) {
  ondemand::json_type type;
  if (value.type().get(type)) return false;
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    return level < json_levels_max && !value.get_object().get(object) && object_is_right(object, level + 1);
  }
  if (type == ondemand::json_type::array) {
    ondemand::array array;
    return level < json_levels_max && !value.get_array().get(array) && array_is_right(array, level + 1);
  }
  if (!scalar_is_right(value.raw_json_token())) return false;
  // Taken, not skipped: the parser's way past a string that nobody read would take `"a":1` here for a member.
  ondemand::raw_json_string taken;
  return type != ondemand::json_type::string || !value.get_raw_json_string().get(taken);
}

}  // namespace

bool is_json_number(std::string_view token) {
  std::size_t at = 0;
  const auto digits = [&] {
    const auto from = at;
    while (at < token.size() && is_digit(token[at])) ++at;
    return at > from;
  };
  if (at < token.size() && token[at] == '-') ++at;
  const bool zero = at < token.size() && token[at] == '0';
  const auto whole = at;
  if (!digits() || (zero && at - whole > 1)) return false;
  if (at < token.size() && token[at] == '.') {
    ++at;
    if (!digits()) return false;
  }
  if (at < token.size() && (token[at] == 'e' || token[at] == 'E')) {
    ++at;
    if (at < token.size() && (token[at] == '+' || token[at] == '-')) ++at;
    if (!digits()) return false;
  }
  return at == token.size();
}

std::optional<std::int64_t> integer_in(std::string_view number) {
  constexpr long exponent_max = 1'000'000;
  const bool negative = number.starts_with('-');
  if (negative) number.remove_prefix(1);
  const auto e = std::min(number.find_first_of("eE"), number.size());
  long exponent = 0;
  if (e < number.size()) {
    auto text = number.substr(e + 1);
    const bool down = text.starts_with('-');
    if (down || text.starts_with('+')) text.remove_prefix(1);
    const auto size = parse_number(text);
    exponent = static_cast<long>(std::min<std::int64_t>(size.value_or(exponent_max), exponent_max)) *
               (down ? -1 : 1);
  }
  const auto mantissa = number.substr(0, e);
  const auto dot = std::min(mantissa.find('.'), mantissa.size());
  std::string digits(mantissa.substr(0, dot));
  if (dot < mantissa.size()) digits += mantissa.substr(dot + 1);
  exponent -= static_cast<long>(digits.size() - dot);  // now the value is digits × 10^exponent
  while (!digits.empty() && digits.back() == '0') digits.pop_back(), ++exponent;
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.empty()) return 0;
  if (exponent < 0 || exponent > 18) return std::nullopt;
  digits.append(static_cast<std::size_t>(exponent), '0');
  const auto value = parse_number(digits);
  return value && negative ? -*value : value;
}

string_fault check_json_string(std::string_view token) {
  auto fault = string_fault::none;
  int high = 0;  // a high surrogate that waits for its low half
  for (std::size_t i = 1; i + 1 < token.size(); ++i) {
    if (token[i] != '\\') {
      if (high) fault = string_fault::unusable;
      high = 0;
      continue;
    }
    const char c = token[++i];
    if (c != 'u') {
      if (std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) return string_fault::grammar;
      if (high) fault = string_fault::unusable;
      high = 0;
      continue;
    }
    const int unit = hex_value(token.substr(i + 1, 4));
    if (unit < 0) return string_fault::grammar;
    i += 4;
    const bool low = unit >= 0xdc00 && unit < 0xe000;
    if (unit == 0 || low != (high != 0)) fault = string_fault::unusable;
    high = unit >= 0xd800 && unit < 0xdc00 ? unit : 0;
  }
  return high ? string_fault::unusable : fault;
}

json_body::json_body(std::string_view text)
    : text_(text.starts_with("\xef\xbb\xbf") ? text.substr(3) : text) {}

ondemand::parser& json_body::parser() {
  static ondemand::parser one;  // its buffers are reused; one body is read at a time, without suspension
  return one;
}

simdjson::ondemand::document& json_body::document() {
  (void)parser().iterate(text_).get(document_);
  return document_;
}

bool json_body::grammar_is_right() {
  if (parser().iterate(text_).get(document_)) return false;
  bool scalar = false;
  if (document_.is_scalar().get(scalar)) return false;
  if (scalar) {
    std::string_view token;
    if (document_.raw_json_token().get(token)) return false;
    const std::string_view behind(token.data() + token.size(), text_.data() + text_.size());
    return scalar_is_right(token) && without_blanks_behind(behind).empty();
  }
  ondemand::json_type type;
  if (document_.type().get(type)) return false;
  bool right = false;
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    right = !document_.get_object().get(object) && object_is_right(object, 1);
  } else {
    ondemand::array array;
    right = !document_.get_array().get(array) && array_is_right(array, 1);
  }
  // Behind the value there must be nothing: libsimdjson says "out of bounds" where a text has been read to
  // its end.
  return right && document_.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

std::optional<std::string> text_of(ondemand::value value) {
  ondemand::json_type type;
  if (value.type().get(type) || type != ondemand::json_type::string) return std::nullopt;
  if (check_json_string(without_blanks_behind(value.raw_json_token())) != string_fault::none)
    return std::nullopt;
  std::string_view text;
  if (value.get_string().get(text)) return std::nullopt;
  return std::string(text);
}

std::optional<std::int64_t> integer_of(ondemand::value value) {
  ondemand::json_type type;
  if (value.type().get(type)) return std::nullopt;
  if (type == ondemand::json_type::number) return integer_in(without_blanks_behind(value.raw_json_token()));
  const auto text = text_of(value);
  return text ? parse_number(*text) : std::nullopt;
}

std::optional<bool> boolean_of(ondemand::value value) {
  ondemand::json_type type;
  if (value.type().get(type)) return std::nullopt;
  if (type == ondemand::json_type::boolean) {
    bool flag = false;
    return value.get_bool().get(flag) ? std::nullopt : std::optional(flag);
  }
  if (type == ondemand::json_type::string) {
    const auto text = text_of(value);
    if (!text) return std::nullopt;
    if (*text == "true") return true;
    if (*text == "false") return false;
    const auto number = parse_number(*text);
    return number == 0 ? std::optional(false) : number == 1 ? std::optional(true) : std::nullopt;
  }
  const auto number = integer_of(value);
  return number == 0 ? std::optional(false) : number == 1 ? std::optional(true) : std::nullopt;
}

}  // namespace atelier::api
