// A request's JSON body: strict grammar everywhere, then typed members.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace atelier::api {

/// The deepest nesting that is read: beyond it the text counts as not JSON (RFC 8259 section 9 lets a parser
/// limit this).
inline constexpr int json_levels_max = 64;

/// One JSON text, kept in memory while it is read. simdjson's on-demand parser skips what nobody asks for
/// without looking, so grammar() walks all of it first.
class json_body {
 public:
  /// Copies the text; a byte-order mark before it is dropped.
  explicit json_body(std::string_view text);

  /// True if all of it is JSON by RFC 8259 in UTF-8, not deeper than json_levels_max.
  bool grammar_is_right();

  /// Starts reading again from the front. Only after grammar_is_right() has been true.
  simdjson::ondemand::document& document();

 private:
  static simdjson::ondemand::parser& parser();

  simdjson::padded_string text_;
  simdjson::ondemand::document document_;
};

/// A string's characters as UTF-8; nothing if it holds \u0000 or a lone surrogate, which PostgreSQL cannot
/// keep, or is no string.
std::optional<std::string> text_of(simdjson::ondemand::value value);

/// An integer written as a JSON number of any form (5, 5.0, 50e-1) or as a string of digits; exact or
/// nothing.
std::optional<std::int64_t> integer_of(simdjson::ondemand::value value);

/// true, false, "true", "false", or 0 or 1 in any form that integer_of reads.
std::optional<bool> boolean_of(simdjson::ondemand::value value);

/// The pure parts, on the text of one token.
bool is_json_number(std::string_view token);
std::optional<std::int64_t> integer_in(std::string_view json_number);

enum class string_fault { none, grammar, unusable };  // unusable: \u0000 or a lone surrogate
string_fault check_json_string(std::string_view token_with_quotes);

}  // namespace atelier::api
