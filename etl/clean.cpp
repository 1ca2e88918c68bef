#include "etl/clean.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <optional>

namespace atelier::etl {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_word(std::string_view text, std::string_view lower_case) {
  if (text.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (lower(text[i]) != lower_case[i]) return false;
  return true;
}

std::string_view trim(std::string_view text, std::string_view what) {
  const auto first = text.find_first_not_of(what);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(what) - first + 1);
}

// Reads a date from left to right; every step that does not fit makes it bad for good.
class date_scanner {
 public:
  explicit date_scanner(std::string_view text) : rest_(text) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

  bool skip(char c) {
    if (peek() != c || rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) { ok_ &= skip(c); }
  void expect_word(std::string_view lower_case) {
    if (rest_.size() >= lower_case.size() && same_word(rest_.substr(0, lower_case.size()), lower_case))
      rest_.remove_prefix(lower_case.size());
    else
      ok_ = false;
  }
  void blanks() {
    const auto n = rest_.find_first_not_of(' ');
    ok_ &= n != 0;
    rest_.remove_prefix(std::min(n, rest_.size()));
  }
  // Exactly `least` … `most` digits.
  int digits(std::size_t least, std::size_t most) {
    int value = 0;
    std::size_t n = 0;
    for (; n < most && n < rest_.size() && is_digit(rest_[n]); ++n) value = value * 10 + (rest_[n] - '0');
    ok_ &= n >= least;
    rest_.remove_prefix(n);
    return value;
  }
  int milliseconds() {
    int value = 0;
    std::size_t n = 0;
    for (; n < rest_.size() && is_digit(rest_[n]); ++n)
      if (n < 3) value = value * 10 + (rest_[n] - '0');
    for (std::size_t i = n; i < 3; ++i) value *= 10;
    ok_ &= n >= 1 && n <= 9;
    rest_.remove_prefix(n);
    return value;
  }
  // The position of a three-letter word in the list, from 0.
  template <std::size_t N>
  int word_of(const std::array<std::string_view, N>& list) {
    for (std::size_t i = 0; i < N; ++i)
      if (rest_.size() >= 3 && same_word(rest_.substr(0, 3), list[i])) {
        rest_.remove_prefix(3);
        return static_cast<int>(i);
      }
    ok_ = false;
    return 0;
  }
  // Minutes east of UTC: +05:30, -0400, +02.
  int zone() {
    const int sign = skip('-') ? -1 : 1;
    if (sign > 0) expect('+');
    const int hours = digits(2, 2);
    int minutes = 0;
    if (skip(':') || is_digit(peek())) minutes = digits(2, 2);
    ok_ &= hours <= 14 && minutes <= 59;
    return sign * (hours * 60 + minutes);
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

constexpr std::array<std::string_view, 7> week{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr std::array<std::string_view, 12> months{"jan", "feb", "mar", "apr", "may", "jun",
                                                  "jul", "aug", "sep", "oct", "nov", "dec"};

struct moment {
  int year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, millisecond = 0, zone_minutes = 0;
};

std::optional<std::int64_t> epoch_ms(const moment& m) {
  using namespace std::chrono;
  const year_month_day date(year(m.year), month(static_cast<unsigned>(m.month)),
                            day(static_cast<unsigned>(m.day)));
  if (!date.ok() || m.hour > 23 || m.minute > 59 || m.second > 59) return std::nullopt;
  const auto since = sys_days(date) + hours(m.hour) + minutes(m.minute - m.zone_minutes) + seconds(m.second) +
                     milliseconds(m.millisecond);
  return duration_cast<milliseconds>(since.time_since_epoch()).count();
}

void read_time(date_scanner& in, moment& m) {
  m.hour = in.digits(2, 2);
  in.expect(':');
  m.minute = in.digits(2, 2);
  if (in.skip(':')) {
    m.second = in.digits(2, 2);
    if (in.skip('.')) m.millisecond = in.milliseconds();
  }
}

std::optional<std::int64_t> read_iso8601(std::string_view text) {
  date_scanner in(text);
  moment m;
  m.year = in.digits(4, 4);
  in.expect('-');
  m.month = in.digits(2, 2);
  in.expect('-');
  m.day = in.digits(2, 2);
  if (in.ok() && (in.skip('T') || in.skip('t') || in.skip(' '))) {
    read_time(in, m);
    in.skip(' ');
    if (in.peek() == '+' || in.peek() == '-')
      m.zone_minutes = in.zone();
    else if (!in.skip('Z'))
      in.skip('z');
  }
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return epoch_ms(m);
}

// Wed Apr 21 2021 22:39:42 GMT-0400 (Eastern Daylight Time) · Wed, 21 Apr 2021 22:39:42 GMT, the weekday
// optional in the latter.
std::optional<std::int64_t> read_words(std::string_view text) {
  date_scanner in(text);
  moment m;
  bool day_first = true;
  if (!is_digit(in.peek())) {
    (void)in.word_of(week);
    day_first = in.skip(',');
    in.blanks();
  }
  if (day_first) {
    m.day = in.digits(1, 2);
    in.blanks();
    m.month = 1 + in.word_of(months);
  } else {
    m.month = 1 + in.word_of(months);
    in.blanks();
    m.day = in.digits(1, 2);
  }
  in.blanks();
  m.year = in.digits(4, 4);
  in.blanks();
  read_time(in, m);
  in.blanks();
  if (in.peek() == '+' || in.peek() == '-') {
    m.zone_minutes = in.zone();
  } else {
    in.expect_word(lower(in.peek()) == 'u' ? "utc" : "gmt");
    if (in.peek() == '+' || in.peek() == '-') m.zone_minutes = in.zone();
  }
  if (in.ok() && !in.at_end()) {
    in.blanks();
    if (!in.rest().starts_with('(') || !in.rest().ends_with(')')) return std::nullopt;
  } else if (!in.ok()) {
    return std::nullopt;
  }
  return epoch_ms(m);
}

// A number as it should be: digits alone, no zero before others; -1 for all that is not.
std::int64_t plain_number(std::string_view text) {
  if (text.empty() || text.size() > 18 || (text[0] == '0' && text.size() > 1)) return -1;
  std::int64_t value = 0;
  for (const char c : text) {
    const auto digit = static_cast<unsigned char>(c - '0');
    if (digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

clean_result<std::int64_t> in_range(std::int64_t ms, repair_set repairs, std::int64_t now_ms) {
  if (ms < first_date_ms || ms > now_ms + day_ms) return reject::out_of_range;
  return cleaned<std::int64_t>{ms, repairs};
}

}  // namespace

clean_result<std::int64_t> clean_number(std::string_view text, number_range wanted) {
  if (const auto plain = plain_number(text); plain >= 0) {
    if (!wanted.contains(plain)) return reject::out_of_range;
    return cleaned<std::int64_t>{plain};
  }
  const auto inner = trim(text, " \t\"'");
  if (is_null_word(inner)) return reject::missing_value;
  const auto digits = inner.substr(inner.front() == '-' ? 1 : 0);
  if (digits.empty()) return reject::bad_number;
  for (const char c : digits)
    if (!is_digit(c)) return reject::bad_number;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(inner.data(), inner.data() + inner.size(), value);
  if (value == 0 && digits.size() != inner.size()) return reject::bad_number;  // -0
  if (error != std::errc{} || !wanted.contains(value)) return reject::out_of_range;
  repair_set repairs = inner.size() == text.size() ? 0 : bit(repair::number_trimmed);
  if (digits.size() > 1 && digits.front() == '0') repairs |= bit(repair::number_zeros);
  return cleaned<std::int64_t>{value, repairs};
}

clean_result<bool> clean_boolean(std::string_view text) {
  if (text == "true") return cleaned<bool>{true};
  if (text == "false") return cleaned<bool>{false};
  const auto inner = trim(text, " \t\"'");
  if (is_null_word(inner)) return reject::missing_value;
  if (same_word(inner, "true") || inner == "1" || same_word(inner, "t"))
    return cleaned<bool>{true, bit(repair::boolean_form)};
  if (same_word(inner, "false") || inner == "0" || same_word(inner, "f"))
    return cleaned<bool>{false, bit(repair::boolean_form)};
  return reject::bad_boolean;
}

clean_result<std::int64_t> clean_date(std::string_view text, std::int64_t now_ms) {
  if (const auto plain = plain_number(text); plain >= first_date_ms && plain <= now_ms + day_ms)
    return cleaned<std::int64_t>{plain};
  const auto inner = trim(text, " \t\"'");
  if (is_null_word(inner)) return reject::missing_value;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(inner.data(), inner.data() + inner.size(), number);
  if (end == inner.data() + inner.size() && is_digit(inner.front())) {
    if (error != std::errc{}) return reject::out_of_range;
    const repair_set trimmed = inner.size() == text.size() ? 0 : bit(repair::number_trimmed);
    const auto latest = now_ms + day_ms;
    // The three ranges do not touch: from 1995 on, seconds have 9 or 10 digits, milliseconds 12 or 13,
    // microseconds 15 or 16.
    if (number >= first_date_ms && number <= latest) return cleaned<std::int64_t>{number, trimmed};
    if (number >= first_date_ms / 1000 && number <= latest / 1000)
      return cleaned<std::int64_t>{number * 1000, bit(repair::date_seconds) | trimmed};
    if (number >= first_date_ms * 1000 && number / 1000 <= latest)
      return cleaned<std::int64_t>{number / 1000, bit(repair::date_microseconds) | trimmed};
    return reject::out_of_range;
  }
  if (is_digit(inner.front()) && inner.size() > 4 && inner[4] == '-') {
    const auto ms = read_iso8601(inner);
    return ms ? in_range(*ms, bit(repair::date_iso8601), now_ms) : reject::bad_date;
  }
  const auto ms = read_words(inner);
  return ms ? in_range(*ms, bit(repair::date_text), now_ms) : reject::bad_date;
}

}  // namespace atelier::etl
