// What can become of a row: the closed lists that reports, reject files and tests speak of.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace atelier::etl {

/// Why a row was loaded though a field was not in the form of the published files.
enum class repair : std::uint8_t {
  date_iso8601,
  date_text,  // JavaScript's or RFC 1123's form
  date_seconds,
  date_microseconds,
  boolean_form,
  number_trimmed,   // blanks or quotes round a number
  number_zeros,     // zeros before a number
  null_word,        // another spelling of none
  default_value,    // an optional value that is not there
  missing_columns,  // optional columns at the end that are not there
  surplus_columns,  // empty columns too many
  blanks_outside,   // blanks between a quote and a comma
  quotes_unescaped,
  quotes_backslash,
  quotes_apostrophe,
};
inline constexpr std::array<std::string_view, 15> repair_names{
    "date_iso8601",    "date_text",      "date_seconds",     "date_microseconds", "boolean_form",
    "number_trimmed",  "number_zeros",   "null_word",        "default_value",     "missing_columns",
    "surplus_columns", "blanks_outside", "quotes_unescaped", "quotes_backslash",  "quotes_apostrophe"};

/// The repairs of one row, a bit each.
using repair_set = std::uint32_t;
constexpr repair_set bit(repair r) { return repair_set{1} << static_cast<unsigned>(r); }

/// Why a row was not loaded.
enum class reject : std::uint8_t {
  missing_value,
  bad_number,
  bad_date,
  bad_boolean,
  out_of_range,
  too_few_columns,
  too_many_columns,
  bad_quoting,
  bad_encoding,
  record_too_long,
  duplicate_id,  // stands in the log, but is counted as a duplicate, not as a reject
  unknown_parent,
};
inline constexpr std::array<std::string_view, 12> reject_names{
    "missing_value",    "bad_number",  "bad_date",     "bad_boolean",     "out_of_range", "too_few_columns",
    "too_many_columns", "bad_quoting", "bad_encoding", "record_too_long", "duplicate_id", "unknown_parent"};

}  // namespace atelier::etl
