// One value at a time: from the text in the file to a typed value, or why not. Pure functions.
#pragma once

#include "etl/outcome.hpp"

#include <boost/system/result.hpp>

#include <cstdint>
#include <string_view>

namespace atelier::etl {

template <class T>
struct cleaned {
  T value;
  repair_set repairs = 0;
};

/// A value or the reason why there is none; no exception is ever made of it.
template <class T>
class clean_result {
 public:
  clean_result(cleaned<T> c) : value_(c), ok_(true) {}
  clean_result(reject why) : why_(why) {}
  explicit operator bool() const { return ok_; }
  const cleaned<T>& operator*() const { return value_; }
  const cleaned<T>* operator->() const { return &value_; }
  reject why() const { return why_; }

 private:
  cleaned<T> value_{};
  reject why_{};
  bool ok_ = false;
};

/// None, written as a word: empty, null, NULL, \N; the longest has so many bytes.
inline constexpr std::size_t null_bytes_max = 4;
inline bool is_null_word(std::string_view text) {
  return text.empty() || (text.size() == 4 && (text == "null" || text == "NULL")) || text == "\\N";
}

inline constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }
inline constexpr std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// True if a text says none: the word, with blanks round it or without. Blanks alone do too, but not between
/// quotes: there they are a text. Of nearly all texts the first and the last byte tell.
inline bool says_none(std::string_view text, bool in_quotes) {
  if (text.size() <= null_bytes_max && is_null_word(text)) return true;
  if (!is_blank(text.front()) && !is_blank(text.back())) return false;
  const auto word = without_blanks(text);
  return word.empty() ? !in_quotes : is_null_word(word);
}

/// Both ends are in it.
struct number_range {
  std::int64_t low;
  std::int64_t high;
  bool contains(std::int64_t n) const {  // in one comparison
    const auto from_low = [&](std::int64_t to) {
      return static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(low);
    };
    return from_low(n) <= from_low(high);
  }
};

/// A whole number in the range, exact or not at all: blanks and quotes round it are trimmed, nothing else is.
clean_result<std::int64_t> clean_number(std::string_view text, number_range wanted);

/// true or false; also 1/0, t/f and any case.
clean_result<bool> clean_boolean(std::string_view text);

inline constexpr std::int64_t first_date_ms = 788'918'400'000;  // 1995-01-01
inline constexpr std::int64_t day_ms = 86'400'000;

/// Milliseconds since 1970 in UTC, from epoch seconds, milliseconds or microseconds (told apart by their
/// range), ISO 8601, JavaScript's `Wed Apr 21 2021 22:39:42 GMT-0400 (…)` and RFC 1123's `Wed, 21 Apr 2021
/// 22:39:42 GMT`. Out of range: before 1995, or more than a day after `now_ms`.
clean_result<std::int64_t> clean_date(std::string_view text, std::int64_t now_ms);

}  // namespace atelier::etl
