#include "support/sent_request.hpp"

#include "support/json_schema.hpp"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

namespace atelier::test {
namespace {

using json = specification::json;

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && std::isxdigit(static_cast<unsigned char>(text[i + 1])) &&
        std::isxdigit(static_cast<unsigned char>(text[i + 2]))) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

// Of a name given twice the first counts.
std::optional<std::string> in_query(std::string_view target, std::string_view name) {
  const auto mark = target.find('?');
  auto query = mark == target.npos ? std::string_view() : target.substr(mark + 1);
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    if (decoded(pair.substr(0, equals)) == name)
      return decoded(pair.substr(std::min(equals + 1, pair.size())));
  }
  return std::nullopt;
}

// Fields of one name are one list (RFC 9110 section 5.3).
std::optional<std::string> in_headers(const http_headers& headers, const std::string& name) {
  std::optional<std::string> all;
  for (const auto& [key, value] : headers)
    if (strcasecmp(key.c_str(), name.c_str()) == 0) all = all ? *all + ", " + value : value;
  return all;
}

std::optional<std::string> value_of(const specification& spec, const sent_request& sent,
                                    const json& parameter) {
  const auto name = parameter["name"].get<std::string>();
  const auto place = parameter["in"].get<std::string>();
  if (place == "query") return in_query(sent.target, name);
  if (place == "header") return in_headers(sent.headers, name);
  return spec.path_parameters(sent.target).at(name);
}

// Where a number may stand, digits are one, whose leading zeros count for nothing; anything else is text.
json value_of(std::string_view text, const json& schema) {
  const bool may_be_number = schema["type"].dump().find("integer") != std::string::npos;
  if (!may_be_number || !is_digits(text)) return std::string(text);
  return json::parse(text.substr(std::min(text.find_first_not_of('0'), text.size() - 1)));
}

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

// The same text for a parser that knows no lone surrogate, which to the rules is as \u0000, and no number
// beyond a double's, which to them is as any large one.
std::string for_our_parser(std::string_view text) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  const auto surrogate_at = [&](std::size_t i) {  // the first letter behind \ud: 8 to b high, c to f low
    return text.substr(i, 3) == "\\ud" && i + 5 < text.size()
               ? static_cast<char>(std::tolower(static_cast<unsigned char>(text[i + 3])))
               : '\0';
  };
  const auto is_high = [](char c) { return c == '8' || c == '9' || c == 'a' || c == 'b'; };
  const auto is_low = [](char c) { return c >= 'c' && c <= 'f'; };
  std::string out;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\') {
      const auto kind = surrogate_at(i);
      const bool is_pair = is_high(kind) && is_low(surrogate_at(i + 6));
      const bool is_lone = !is_pair && (is_high(kind) || is_low(kind));
      const std::size_t size = is_pair ? 12 : is_lone ? 6 : 2;
      out += is_lone ? std::string_view("\\u0000") : text.substr(i, size);
      i += size - 1;
      continue;
    }
    if (c == '"') in_string = !in_string;
    out += c;
    if (in_string || (c != 'e' && c != 'E')) continue;
    const auto digits = text.find_first_not_of("+-", i + 1);
    const auto end = std::min(text.find_first_not_of("0123456789", digits), text.size());
    if (digits == text.npos || end - digits < 3) continue;
    out.append(text.substr(i + 1, digits - i - 1)).append("99");
    i = end - 1;
  }
  return out;
}

// Discarded where it is not JSON; no body at all is {}.
json body_of(const sent_request& sent, const json::parser_callback_t& seen = nullptr) {
  const auto text = sent.body.empty() ? "{}" : for_our_parser(sent.body);
  // Our parser ends at a NUL, and skips a second mark too.
  const bool is_forgiven = text.find('\0') != text.npos || text.starts_with(byte_order_mark);
  return is_forgiven ? json(json::value_t::discarded) : json::parse(text, seen, false);
}

// What the document's prose says of types.
bool is_read_as_json(std::string type) {
  type = type.substr(0, type.find(';'));
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return type == "text/plain" || type.ends_with("/json") || type.ends_with("+json");
}

// A rule of every posted body, in the description of each.
bool has_a_member_twice(const sent_request& sent, const http_answer&) {
  std::vector<std::set<std::string>> open;
  bool found = false;
  const auto looked = [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) open.emplace_back();
    if (event == json::parse_event_t::object_end) open.pop_back();
    if (event == json::parse_event_t::key) found |= !open.back().insert(value.get<std::string>()).second;
    return true;
  };
  return !body_of(sent, looked).is_discarded() && found;
}

bool is_too_deep(const sent_request& sent, const http_answer&) {
  constexpr int levels_max = 64;
  int deepest = 0;
  const auto looked = [&](int depth, json::parse_event_t event, json&) {
    if (event == json::parse_event_t::object_start || event == json::parse_event_t::array_start)
      deepest = std::max(deepest, depth + 1);
    return true;
  };
  return !body_of(sent, looked).is_discarded() && deepest > levels_max;
}

bool is_beyond_ids(std::string_view text) {
  constexpr std::string_view largest = "9223372036854775807";
  if (!is_digits(text)) return false;
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
  return text.size() > largest.size() || (text.size() == largest.size() && text > largest);
}

json characteristics_of(const sent_request& sent) {
  const auto body = body_of(sent);
  return body.is_object() && body.contains("characteristics") ? body["characteristics"] : json();
}

bool has_an_id_too_large(const sent_request& sent, const http_answer&) {
  const auto body = body_of(sent);
  if (body.is_object() && body.contains("product_id") && body["product_id"].is_string() &&
      is_beyond_ids(body["product_id"].get<std::string>()))
    return true;
  const auto rated = characteristics_of(sent);
  if (!rated.is_object()) return false;
  for (const auto& [id, _] : rated.items())
    if (is_beyond_ids(id)) return true;
  return false;
}

// Only the database knows which are the product's.
bool rates_characteristics(const sent_request& sent, const http_answer&) {
  const auto rated = characteristics_of(sent);
  return rated.is_object() && !rated.empty();
}

bool uses_a_key_again(const sent_request& sent, const http_answer& answer) {
  return in_headers(sent.headers, "Idempotency-Key") &&
         answer.body.find("Error: Idempotency-Key was used for another request") != std::string::npos;
}

constexpr std::array rules{
    prose_rule{"A member given twice", has_a_member_twice},
    prose_rule{"more than 64 levels deep", is_too_deep},
    prose_rule{"digits beyond 9223372036854775807", has_an_id_too_large},
    prose_rule{"each of the product's characteristics", rates_characteristics},
    prose_rule{"with other bytes it is 422", uses_a_key_again},
};

// Taken whatever it is, while the schema lists what it should be: generated clients offer these.
constexpr std::string_view forgiven_parameter = "sort";

}  // namespace

std::vector<std::string> faults_of_request(const specification& spec, const sent_request& sent) {
  std::vector<std::string> all;
  const auto* operation = spec.operation(sent.method, sent.target);
  if (!operation) return all;
  for (const auto* holder : {spec.path_item(sent.target), operation})
    for (const auto& reference : holder->value("parameters", json::array())) {
      const auto& parameter = spec.resolved(reference);
      const auto name = parameter["name"].get<std::string>();
      const auto value = value_of(spec, sent, parameter);
      if (!value && parameter.value("required", false)) all.push_back(name + " is missing");
      if (!value || name == forgiven_parameter) continue;
      const auto& schema = spec.resolved(parameter["schema"]);
      for (const auto& fault : faults_by_schema(value_of(*value, schema), schema, spec.document()))
        all.push_back(name + fault);
    }
  if (!operation->contains("requestBody")) return all;
  const auto type = in_headers(sent.headers, "Content-Type");
  if (!sent.body.empty() && type && !is_read_as_json(*type)) all.push_back("the type " + *type);
  const auto body = body_of(sent);
  if (body.is_discarded()) {
    all.push_back("the body is not JSON");
    return all;
  }
  const auto& described = spec.resolved((*operation)["requestBody"]);
  for (const auto& fault :
       faults_by_schema(body, described["content"]["application/json"]["schema"], spec.document()))
    all.push_back("body" + fault);
  return all;
}

std::vector<std::string> disagreements(const specification& spec, const sent_request& sent,
                                       const http_answer& answer) {
  const auto wrong = faults_of_request(spec, sent);
  const auto blame = [&](std::string_view what) {
    return fmt::format("{} {} {} is answered {}, {}", sent.method, sent.target, sent.body.substr(0, 200),
                       answer.status, what);
  };
  std::vector<std::string> all;
  if (!wrong.empty()) {
    const bool is_refused = answer.status / 100 == 4 || answer.status == 503 || answer.status == 504;
    if (!is_refused) all.push_back(blame("though the specification says: " + wrong.front()));
    return all;
  }
  const bool is_called_invalid = answer.status == 400 || answer.status == 422;
  const bool breaks_a_rule = std::any_of(
      rules.begin(), rules.end(), [&](const prose_rule& rule) { return rule.is_broken(sent, answer); });
  if (is_called_invalid && !breaks_a_rule && spec.operation(sent.method, sent.target))
    all.push_back(blame("though it is as the specification says"));
  return all;
}

std::span<const prose_rule> rules_in_prose() { return rules; }

}  // namespace atelier::test
