#include "support/json_schema.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>
#include <stdexcept>
#include <string_view>

namespace atelier::test {
namespace {

using json = nlohmann::ordered_json;

// The code points of UTF-8.
std::wstring wide(std::string_view text) {
  std::wstring out;
  for (const char byte : text) {
    const auto c = static_cast<unsigned char>(byte);
    if ((c & 0xc0) != 0x80)
      out += static_cast<wchar_t>(c < 0x80 ? c : c < 0xe0 ? c & 0x1f : c < 0xf0 ? c & 0x0f : c & 0x07);
    else if (!out.empty())
      out.back() = static_cast<wchar_t>((out.back() << 6) | (c & 0x3f));
  }
  return out;
}

bool matches(const std::string& text, const std::string& pattern) {
  static std::map<std::string, std::wregex> compiled;
  auto known = compiled.find(pattern);
  if (known == compiled.end()) known = compiled.emplace(pattern, std::wregex(wide(pattern))).first;
  return std::regex_search(wide(text), known->second);
}

// A long double holds every 64-bit integer.
long double number_of(const json& value) {
  if (value.is_number_unsigned()) return static_cast<long double>(value.get<std::uint64_t>());
  if (value.is_number_integer()) return static_cast<long double>(value.get<std::int64_t>());
  return value.get<double>();
}

// 5.0 is an integer (JSON Schema, section 6.1.1 of the validation part).
bool is_of_type(const json& value, const std::string& type) {
  if (type == "integer") return value.is_number() && std::trunc(number_of(value)) == number_of(value);
  if (type == "number") return value.is_number();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  throw std::logic_error("a schema names the type '" + type + "'");
}

class checker {
 public:
  checker(const json& document, unknown_members unknown) : document_(document), unknown_(unknown) {}

  void check(const json& value, const json& schema, const std::string& where) {
    if (schema.is_boolean()) return expect(schema.get<bool>(), where, "nothing may stand here");
    for (const auto& [word, rule] : schema.items()) {
      const auto known = keywords().find(word);
      if (known == keywords().end()) throw std::logic_error("a schema has the keyword '" + word + "'");
      if (known->second) (this->*known->second)(value, rule, schema, where);
    }
  }

  std::vector<std::string> faults;

 private:
  using keyword = void (checker::*)(const json& value, const json& rule, const json& schema,
                                    const std::string& where);

  static const std::map<std::string, keyword>& keywords() {
    static const std::map<std::string, keyword> all = {
        {"$ref", &checker::ref},
        {"type", &checker::type},
        {"enum", &checker::one_of_these},
        {"const", &checker::constant},
        {"minimum", &checker::minimum},
        {"maximum", &checker::maximum},
        {"minLength", &checker::min_length},
        {"maxLength", &checker::max_length},
        {"pattern", &checker::pattern},
        {"required", &checker::required},
        {"properties", &checker::properties},
        {"additionalProperties", &checker::additional_properties},
        {"propertyNames", &checker::property_names},
        {"items", &checker::items},
        {"contains", &checker::contains},
        {"allOf", &checker::all_of},
        {"anyOf", &checker::any_of},
        {"not", &checker::negation},
        // Read with "contains".
        {"minContains", nullptr},
        {"maxContains", nullptr},
        // What only explains.
        {"description", nullptr},
        {"default", nullptr},
        {"examples", nullptr},
        {"format", nullptr},
    };
    return all;
  }

  void expect(bool holds, const std::string& where, const std::string& otherwise) {
    if (!holds) faults.push_back(where + ": " + otherwise);
  }

  bool fits(const json& value, const json& schema) const {
    checker inner(document_, unknown_);
    inner.check(value, schema, "");
    return inner.faults.empty();
  }

  void ref(const json& value, const json& rule, const json&, const std::string& where) {
    check(value, document_.at(json::json_pointer(rule.get<std::string>().substr(1))), where);
  }

  void type(const json& value, const json& rule, const json&, const std::string& where) {
    const auto types = rule.is_array() ? rule : json::array({rule});
    const bool is_one = std::any_of(types.begin(), types.end(),
                                    [&](const json& t) { return is_of_type(value, t.get<std::string>()); });
    expect(is_one, where, "is not of type " + rule.dump());
  }

  void one_of_these(const json& value, const json& rule, const json&, const std::string& where) {
    expect(std::find(rule.begin(), rule.end(), value) != rule.end(), where, "is none of " + rule.dump());
  }

  void constant(const json& value, const json& rule, const json&, const std::string& where) {
    expect(value == rule, where, "is not " + rule.dump());
  }

  void minimum(const json& value, const json& rule, const json&, const std::string& where) {
    expect(!value.is_number() || number_of(value) >= number_of(rule), where, "is below " + rule.dump());
  }

  void maximum(const json& value, const json& rule, const json&, const std::string& where) {
    expect(!value.is_number() || number_of(value) <= number_of(rule), where, "is above " + rule.dump());
  }

  void min_length(const json& value, const json& rule, const json&, const std::string& where) {
    expect(!value.is_string() || wide(value.get<std::string>()).size() >= rule.get<std::size_t>(), where,
           "is shorter than " + rule.dump());
  }

  void max_length(const json& value, const json& rule, const json&, const std::string& where) {
    expect(!value.is_string() || wide(value.get<std::string>()).size() <= rule.get<std::size_t>(), where,
           "is longer than " + rule.dump());
  }

  void pattern(const json& value, const json& rule, const json&, const std::string& where) {
    expect(!value.is_string() || matches(value.get<std::string>(), rule.get<std::string>()), where,
           "does not match " + rule.dump());
  }

  void required(const json& value, const json& rule, const json&, const std::string& where) {
    if (!value.is_object()) return;
    for (const auto& name : rule)
      expect(value.contains(name.get<std::string>()), where, name.dump() + " is missing");
  }

  void properties(const json& value, const json& rule, const json& schema, const std::string& where) {
    if (!value.is_object()) return;
    const bool may_have_others =
        unknown_ == unknown_members::taken || schema.contains("additionalProperties");
    for (const auto& [name, member] : value.items()) {
      if (const auto described = rule.find(name); described != rule.end())
        check(member, *described, where + "/" + name);
      else
        expect(may_have_others, where, "has a member '" + name + "' that is not documented");
    }
  }

  void additional_properties(const json& value, const json& rule, const json& schema,
                             const std::string& where) {
    if (!value.is_object()) return;
    const auto described = schema.value("properties", json::object());
    for (const auto& [name, member] : value.items())
      if (!described.contains(name)) check(member, rule, where + "/" + name);
  }

  void property_names(const json& value, const json& rule, const json&, const std::string& where) {
    if (!value.is_object()) return;
    for (const auto& [name, member] : value.items()) check(name, rule, where + "/" + name);
  }

  void items(const json& value, const json& rule, const json&, const std::string& where) {
    if (!value.is_array()) return;
    for (std::size_t i = 0; i < value.size(); ++i) check(value[i], rule, where + "/" + std::to_string(i));
  }

  void contains(const json& value, const json& rule, const json& schema, const std::string& where) {
    if (!value.is_array()) return;
    const auto found =
        std::count_if(value.begin(), value.end(), [&](const json& v) { return fits(v, rule); });
    const auto least = schema.value("minContains", 1L);
    const auto most = schema.value("maxContains", static_cast<long>(value.size()));
    expect(found >= least && found <= most, where,
           "has " + std::to_string(found) + " of what it may contain");
  }

  void all_of(const json& value, const json& rule, const json&, const std::string& where) {
    for (const auto& one : rule) check(value, one, where);
  }

  void any_of(const json& value, const json& rule, const json&, const std::string& where) {
    expect(std::any_of(rule.begin(), rule.end(), [&](const json& one) { return fits(value, one); }), where,
           "fits none of the schemas that it may fit");
  }

  void negation(const json& value, const json& rule, const json&, const std::string& where) {
    expect(!fits(value, rule), where, "fits " + rule.dump());
  }

  const json& document_;
  unknown_members unknown_;
};

}  // namespace

std::vector<std::string> faults_by_schema(const json& value, const json& schema, const json& document,
                                          unknown_members unknown) {
  checker one(document, unknown);
  one.check(value, schema, "");
  return std::move(one.faults);
}

}  // namespace atelier::test
