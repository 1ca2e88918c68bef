// From a record to a typed row of its set, or the reason why not.
#pragma once

#include "etl/clean.hpp"
#include "etl/header.hpp"
#include "etl/record_reader.hpp"

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace atelier::etl {

/// A value of a row: numbers, dates (milliseconds) and booleans in `number`; text in `text` unless it is
/// none.
struct value {
  std::int64_t number = 0;
  std::string_view text;
  bool none = false;
};

/// Values in the order of the set's columns; text is valid as long as the record.
struct row {
  std::array<value, columns_max> values;
  repair_set repairs = 0;
};

/// Why a row is not loaded: the column's name and the value are for the log; empty if no column is to blame.
struct rejection {
  reject why;
  std::string_view column;
  std::string_view value;
};

/// Cleans the records of one file.
class row_cleaner {
 public:
  /// `now_ms`: dates may be a day ahead of it.
  row_cleaner(layout where, std::int64_t now_ms, dialect written = {});

  /// True if `out` was filled; else `why` says what was wrong. Repairs are tried where the meaning is certain
  /// and leave bits in `out`.
  bool clean(const record& r, row& out, rejection& why);

  const layout& where() const { return layout_; }
  const set_shape& shape() const { return *shape_; }

 private:
  bool clean_fields(const record& r, std::span<const field> fields, bool strict, row& out, rejection& why);
  bool clean_field(const record& r, const field& f, std::size_t column, bool strict, row& out,
                   rejection& why);
  bool clean_again(const record& r, quoting how, repair kind, row& out);
  bool clean_short(const record& r, std::span<const field> fields, row& out);
  bool may_have_apostrophes(const record& r) const;
  void set_default(std::size_t column, row& out) const;

  number_range range_of(std::size_t column) const;
  void expect_published();
  bool take_as_published(const record& r, row& out);

  // Which fields hold what, where nothing is wrong with them.
  struct expectation {
    std::size_t field;
    std::size_t column;
  };
  struct expected_number : expectation {
    number_range range;
  };
  struct {
    std::size_t fields = 0;  // of a record; 0: the file lacks a column, and no row is as published
    std::vector<expected_number> numbers;
    std::vector<expectation> truths;
    std::vector<expectation> texts;
    std::vector<expectation> texts_or_null;
    std::vector<std::size_t> ignored;  // fields
  } published_;

  layout layout_;
  const set_shape* shape_;
  std::int64_t now_ms_;
  dialect dialect_;
  std::string scratch_;
  std::vector<field> again_;
};

/// The set of a file without a header, from its first record: every field has the type of its column, in the
/// published order. The name decides between sets of one shape; nothing if doubt remains.
std::optional<set_kind> set_of_shape(const record& first, const dialect& written,
                                     std::optional<set_kind> by_name, std::int64_t now_ms);

}  // namespace atelier::etl
