// Bodies that clients post: what counts as JSON is JSON, to simdjson's own parser of whole documents too, and
// what is taken keeps every rule that the contract has for it.
#include "app/api/json_body.hpp"

#include "app/api/bodies.hpp"
#include "app/api/text_rules.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

using namespace atelier;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_json(std::string_view text) { return api::json_body(text).grammar_is_right(); }

bool is_json_to_another(std::string_view text) {
  static simdjson::dom::parser parser;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return parser.parse(simdjson::padded_string(text)).error() == simdjson::SUCCESS;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The other refuses lone surrogates and numbers that no 64 bits hold, which are JSON.
bool may_be_refused_by_another(std::string_view text) {
  constexpr int digits_of_64_bits = 19;
  int digits = 0;
  for (const char c : text) {
    if (digits > 0 && (c == 'e' || c == 'E')) return true;
    digits = is_digit(c) ? digits + 1 : 0;
    if (digits >= digits_of_64_bits) return true;
  }
  return text.find("\\u") != text.npos;
}

void check_grammar(std::string_view text) {
  const auto levels = std::count(text.begin(), text.end(), '[') + std::count(text.begin(), text.end(), '{');
  if (levels >= api::json_levels_max) return;
  const bool right = is_json(text);
  const bool right_to_another = is_json_to_another(text);
  require(right || !right_to_another);
  require(!right || right_to_another || may_be_refused_by_another(text));
  if (!right || text.starts_with("\xef\xbb\xbf")) return;
  // The same further inside, where nobody reads it.
  require(is_json("[" + std::string(text) + "]"));
  require(is_json("{\"more\":" + std::string(text) + "}"));
}

void require_text(const std::string& text, std::size_t code_points_max) {
  require(!text.empty() && !api::is_blank(text) && api::code_points(text) <= code_points_max &&
          text.find('\0') == text.npos);
}

void require_photos(const std::vector<std::string>& photos) {
  require(photos.size() <= 10);
  for (const auto& url : photos) require(api::is_photo_url(url) && !url.empty());
}

template <class Body>
void require_refusal(const api::answer_or<Body>& read, std::string_view text) {
  const bool right = is_json(text.empty() ? "{}" : text);
  require(read.error().status == (right ? 422 : 400));
  require(right == !read.error().fields.empty());
}

void check_review(std::string_view text) {
  const auto read = api::parse_review(text);
  if (!read) return require_refusal(read, text);
  require(read->product_id >= 1 && read->rating >= 1 && read->rating <= 5);
  require(api::code_points(read->summary) <= 255);
  require_text(read->body, 10'000);
  require_text(read->name, 60);
  require(api::is_email(read->email));
  require_photos(read->photos);
  const auto& ids = read->characteristic_ids;
  require(ids.size() == read->characteristic_values.size());
  require(std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>()) == ids.end());
  require(ids.empty() || ids.front() >= 1);
  for (const auto value : read->characteristic_values) require(value >= 1 && value <= 5);
}

void check_question(std::string_view text) {
  const auto read = api::parse_question(text);
  if (!read) return require_refusal(read, text);
  require(read->product_id >= 1);
  require_text(read->body, 1000);
  require_text(read->name, 60);
  require(api::is_email(read->email));
}

void check_answer(std::string_view text) {
  const auto read = api::parse_answer(text);
  if (!read) return require_refusal(read, text);
  require_text(read->body, 1000);
  require_text(read->name, 60);
  require(api::is_email(read->email));
  require_photos(read->photos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_grammar(text);
  check_review(text);
  check_question(text);
  check_answer(text);
  return 0;
}
