// What is wrong with real files, done to good rows on purpose.
#pragma once

#include "etl/random.hpp"
#include "etl/sets.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace atelier::etl {

/// One thing that is wrong with one row. Those of the first group leave a meaning that is certain; a loader
/// may repair them.
enum class damage_kind {
  date_iso,
  date_day_only,
  date_javascript,
  date_seconds,
  null_quoted,     // "null" where there is none
  null_otherwise,  // empty, NULL or \N where there is none
  boolean_form,    // 0/1, t/f, "true", TRUE
  number_in_blanks,
  number_in_quotes,
  surplus_empty,  // empty columns at the end
  quote_unescaped,
  quote_backslash,
  quote_apostrophe,  // ' instead of " round every text
  newline_in_quotes,
  line_end_crlf,
  line_end_cr,
  blank_line,
  id_gap,           // the row is not there
  id_out_of_order,  // the row comes after the next one
  // From here on a row is lost.
  date_unreadable,
  null_required,
  column_missing,
  surplus_filled,
  quote_unterminated,
  nul_byte,
  invalid_utf8,
  latin1_text,
  id_duplicate,
  id_stray,  // 12abc, #12, 12.0
  parent_unknown,
  rating_six,
  header_again,
  comment_line,
  commas_alone,
};
inline constexpr std::size_t damage_kinds = static_cast<std::size_t>(damage_kind::commas_alone) + 1;

/// The bytes that stand in the file instead of the row, without the last line end; nothing if this cannot
/// happen to such a row. `fields` are as they stand in the file, quotes and all. id_gap gives empty bytes,
/// id_out_of_order the row itself.
std::optional<std::string> damage_row(damage_kind kind, const set_shape& shape,
                                      std::vector<std::string> fields, random_stream& random);

/// Decides which rows of one file are damaged, and how; also the file's header and its end.
class damage {
 public:
  damage(const set_shape& shape, double share, std::uint64_t seed);

  /// The header's names in one of the forms that were seen: with blanks, in capitals, camelCase, behind a
  /// byte-order mark.
  std::string header() const;
  std::string row(const std::vector<std::string>& fields);
  /// The row that still waits for its successor, with its line end, if any.
  std::string last_row();
  bool ends_without_newline() const;

 private:
  const set_shape* shape_;
  std::uint64_t threshold_;  // a row is damaged if 32 random bits are below it
  random_stream random_;
  std::string waiting_;
  std::uint32_t next_kind_;
};

}  // namespace atelier::etl
