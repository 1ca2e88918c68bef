#include "app/api/bodies.hpp"

#include "app/api/json_body.hpp"
#include "app/api/parameters.hpp"
#include "app/api/text_rules.hpp"

#include <algorithm>
#include <functional>
#include <map>

namespace atelier::api {
namespace {

namespace ondemand = simdjson::ondemand;

// Reads the members of one object by name, each at most once; gathers what is wrong with them.
class members {
 public:
  // Takes the value, returns what is wrong with it, or nothing (null).
  using reader = std::function<const char*(ondemand::value)>;

  void required(std::string name, reader read) {
    all_[std::move(name)] = {.how = std::move(read), .is_required = true};
  }
  void optional(std::string name, reader read) { all_[std::move(name)] = {.how = std::move(read)}; }

  // What is wrong, in the order of the members' names.
  std::vector<blamed_field> read(ondemand::object object) {
    for (auto field : object) {
      std::string_view key;
      ondemand::value value;
      if (field.unescaped_key().get(key)) continue;  // a name with a lone surrogate is not one of ours
      const auto found = all_.find(std::string(key));
      if (found == all_.end() || field.value().get(value)) continue;
      auto& member = found->second;
      if (member.seen) {
        member.fault = "is given twice";
        continue;
      }
      member.seen = true;
      bool null = false;
      if (!value.is_null().get(null) && null) continue;
      member.present = true;
      member.fault = member.how(value);
    }
    std::vector<blamed_field> wrong;
    for (auto& [name, member] : all_) {
      if (!member.fault && member.is_required && !member.present) member.fault = "is missing";
      if (member.fault) wrong.push_back({name, member.fault});
    }
    return wrong;
  }

 private:
  struct expectation {
    reader how;
    bool is_required = false;
    bool seen = false;
    bool present = false;
    const char* fault = nullptr;
  };
  std::map<std::string, expectation> all_;
};

members::reader integer(std::int64_t& out, std::int64_t least, std::int64_t most, const char* rule) {
  return [=, &out](ondemand::value value) -> const char* {
    const auto number = integer_of(value);
    if (!number || *number < least || *number > most) return rule;
    out = *number;
    return nullptr;
  };
}

members::reader text(std::string& out, std::size_t code_points_max, bool may_be_blank, const char* rule) {
  return [=, &out](ondemand::value value) -> const char* {
    auto read = text_of(value);
    if (!read || code_points(*read) > code_points_max || (!may_be_blank && is_blank(*read))) return rule;
    if (!is_blank(*read)) out = std::move(*read);  // blanks alone are the empty text
    return nullptr;
  };
}

members::reader email(std::string& out) {
  return [&out](ondemand::value value) -> const char* {
    auto read = text_of(value);
    if (!read || !is_email(*read)) return "must be an address with one @, at most 254 characters";
    out = std::move(*read);
    return nullptr;
  };
}

enum class photo { taken, skipped, wrong };

// A URL, or an object with one; forms send empty ones.
photo read_photo(ondemand::value value, std::string& out, bool nested = false) {
  bool null = false;
  if (!value.is_null().get(null) && null) return photo::skipped;
  ondemand::json_type type;
  if (value.type().get(type)) return photo::wrong;
  if (type == ondemand::json_type::object && !nested) {
    auto result = photo::wrong;
    unsigned times = 0;
    ondemand::object fields;
    if (value.get_object().get(fields)) return photo::wrong;
    for (auto field : fields) {
      std::string_view key;
      ondemand::value url;
      if (field.unescaped_key().get(key) || key != "url" || field.value().get(url)) continue;
      if (++times > 1) return photo::wrong;
      result = read_photo(url, out, true);
    }
    return result;
  }
  auto url = text_of(value);
  if (!url) return photo::wrong;
  if (is_blank(*url)) return photo::skipped;
  if (!is_photo_url(*url)) return photo::wrong;
  out = std::move(*url);
  return photo::taken;
}

members::reader photos(std::vector<std::string>& out) {
  return [&out](ondemand::value value) -> const char* {
    constexpr std::size_t photos_max = 10;
    constexpr auto rule =
        "must be a list of at most 10 URLs, http, https or without a scheme, each at most 2048 characters";
    ondemand::array list;
    if (value.get_array().get(list)) return rule;
    bool right = true;
    for (auto element : list) {
      ondemand::value one;
      std::string url;
      if (element.get(one)) return rule;
      const auto kind = read_photo(one, url);
      right &= kind != photo::wrong;
      if (kind == photo::taken) out.push_back(std::move(url));
    }
    return right && out.size() <= photos_max ? nullptr : rule;
  };
}

members::reader characteristics(review_body& out) {
  return [&out](ondemand::value value) -> const char* {
    constexpr auto rule =
        "must be an object of the product's characteristic ids, each with a value from 1 to 5";
    ondemand::object object;
    if (value.get_object().get(object)) return rule;
    std::map<std::int64_t, std::optional<std::int16_t>> values;
    bool right = true;
    for (auto field : object) {
      std::string_view key;
      ondemand::value rated;
      if (field.unescaped_key().get(key)) return rule;
      const auto id = parse_id(key);
      if (field.value().get(rated)) return rule;
      bool null = false;
      if (!rated.is_null().get(null) && null) {
        right &= id && values.emplace(*id, std::nullopt).second;
        continue;
      }
      const auto number = integer_of(rated);
      right &= id && number && *number >= 1 && *number <= 5 &&
               values.emplace(*id, static_cast<std::int16_t>(*number)).second;
    }
    if (!right) return rule;
    for (const auto& [id, rated] : values) {
      if (!rated) continue;
      out.characteristic_ids.push_back(id);
      out.characteristic_values.push_back(*rated);
    }
    return nullptr;
  };
}

constexpr auto name_rule = "must be text of 1 to 60 characters";
constexpr std::size_t name_max = 60;

std::optional<refusal> read_body(std::string_view text, members& expected, const char* sentence) {
  json_body json(text.empty() ? "{}" : text);
  if (!json.grammar_is_right()) return refusal{400, "Error: the request body is not valid JSON", {}, {}};
  ondemand::object object;
  if (json.document().get_object().get(object))
    return refusal{422, sentence, {{"", "must be an object"}}, {}};
  auto wrong = expected.read(object);
  if (!wrong.empty()) return refusal{422, sentence, std::move(wrong), {}};
  return std::nullopt;
}

bool is_accepted_type(std::string_view type) {
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  std::string lower(type);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto slash = lower.find('/');
  if (slash == lower.npos || slash == 0) return false;
  return lower == "text/plain" || lower.substr(slash) == "/json" ||
         (lower.ends_with("+json") && lower.size() > slash + 6);
}

}  // namespace

answer_or<review_body> parse_review(std::string_view text_sent) {
  review_body out;
  std::int64_t rating = 0;
  members expected;
  expected.required("product_id", integer(out.product_id, 1, INT64_MAX, "must be a whole number from 1"));
  expected.required("rating", integer(rating, 1, 5, "must be a whole number from 1 to 5"));
  expected.optional("summary", text(out.summary, 255, true, "must be text of at most 255 characters"));
  expected.required("body", text(out.body, 10'000, false, "must be text of 1 to 10000 characters"));
  expected.required("recommend", [&](ondemand::value value) -> const char* {
    const auto flag = boolean_of(value);
    out.recommend = flag.value_or(false);
    return flag ? nullptr : "must be true or false";
  });
  expected.required("name", text(out.name, name_max, false, name_rule));
  expected.required("email", email(out.email));
  expected.optional("photos", photos(out.photos));
  expected.optional("characteristics", characteristics(out));
  if (auto wrong = read_body(text_sent, expected, invalid_review)) return std::move(*wrong);
  out.rating = static_cast<std::int16_t>(rating);
  return out;
}

answer_or<question_body> parse_question(std::string_view text_sent) {
  question_body out;
  members expected;
  expected.required("product_id", integer(out.product_id, 1, INT64_MAX, "must be a whole number from 1"));
  expected.required("body", text(out.body, 1000, false, "must be text of 1 to 1000 characters"));
  expected.required("name", text(out.name, name_max, false, name_rule));
  expected.required("email", email(out.email));
  if (auto wrong = read_body(text_sent, expected, invalid_question)) return std::move(*wrong);
  return out;
}

answer_or<answer_body> parse_answer(std::string_view text_sent) {
  answer_body out;
  members expected;
  expected.required("body", text(out.body, 1000, false, "must be text of 1 to 1000 characters"));
  expected.required("name", text(out.name, name_max, false, name_rule));
  expected.required("email", email(out.email));
  expected.optional("photos", photos(out.photos));
  if (auto wrong = read_body(text_sent, expected, invalid_answer)) return std::move(*wrong);
  return out;
}

std::optional<refusal> check_content_type(const http::request_head& head, std::string_view body) {
  const auto type = head.fields.find("content-type");
  if (body.empty() || !type || is_accepted_type(*type)) return std::nullopt;
  return refusal{415, "Error: the request body must be JSON: send Content-Type: application/json", {}, {}};
}

}  // namespace atelier::api
