#include "app/api/json.hpp"

#include "core/int128.hpp"

#include <fmt/format.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <array>
#include <charconv>

namespace atelier::api {
namespace {

// The letter behind the backslash; 1: \u00XX; 0: as it is.
constexpr auto escapes = [] {
  std::array<char, 256> table{};
  for (unsigned c = 0; c < 0x20; ++c) table[c] = 1;
  table['"'] = '"';
  table['\\'] = '\\';
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  return table;
}();

struct date {
  std::int64_t year;
  unsigned month;
  unsigned day;
};

// Days since 1970 to a date of the Gregorian calendar: Howard Hinnant, "chrono-Compatible Low-Level Date
// Algorithms", civil_from_days.
date date_of(std::int64_t days) {
  days += 719468;
  const auto era = (days >= 0 ? days : days - 146096) / 146097;
  const auto day_of_era = static_cast<unsigned>(days - era * 146097);
  const auto year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const auto day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const auto shifted_month = (5 * day_of_year + 2) / 153;
  const auto day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const auto month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  return {static_cast<std::int64_t>(year_of_era) + era * 400 + (month <= 2), month, day};
}

void put_digits(char* at, std::uint64_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
}

// The first character that needs a backslash, or the end; sixteen bytes at a time.
const char* find_escaped(const char* at, const char* end) {
#ifdef __SSE2__
  const auto quote = _mm_set1_epi8('"');
  const auto backslash = _mm_set1_epi8('\\');
  const auto last_control = _mm_set1_epi8(0x1f);
  for (; end - at >= 16; at += 16) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
    const auto others = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
    const auto found = _mm_movemask_epi8(_mm_or_si128(controls, others));
    if (found != 0) return at + __builtin_ctz(static_cast<unsigned>(found));
  }
#endif
  while (at != end && escapes[static_cast<unsigned char>(*at)] == 0) ++at;
  return at;
}

}  // namespace

std::string begin_json(std::string_view first) {
  constexpr std::size_t usual_bytes = 4000;
  std::string out;
  out.reserve(usual_bytes);
  out += first;
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const char* const special = find_escaped(at, end);
    out.append(at, special);
    if (special == end) break;
    const auto c = static_cast<unsigned char>(*special);
    out += '\\';
    if (escapes[c] == 1)
      fmt::format_to(std::back_inserter(out), "u{:04x}", c);
    else
      out += escapes[c];
    at = special + 1;
  }
  out += '"';
}

void append_number(std::string& out, std::int64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

void append_json_time(std::string& out, std::int64_t milliseconds) {
  constexpr std::int64_t day = 86'400'000;
  const auto days = milliseconds >= 0 ? milliseconds / day : (milliseconds - day + 1) / day;
  const auto in_day = static_cast<std::uint64_t>(milliseconds - days * day);
  const auto [year, month, day_of_month] = date_of(days);
  char text[] = "\"0000-00-00T00:00:00.000Z\"";
  put_digits(text + 1, static_cast<std::uint64_t>(year), 4);
  put_digits(text + 6, month, 2);
  put_digits(text + 9, day_of_month, 2);
  put_digits(text + 12, in_day / 3'600'000, 2);
  put_digits(text + 15, in_day / 60'000 % 60, 2);
  put_digits(text + 18, in_day / 1000 % 60, 2);
  put_digits(text + 21, in_day % 1000, 3);
  out.append(text, sizeof text - 1);
}

void append_json_mean(std::string& out, std::int64_t sum, std::int64_t count) {
  constexpr std::int64_t ten_to_16 = 10'000'000'000'000'000;
  const auto scaled = (2 * static_cast<int128>(sum) * ten_to_16 + count) / (2 * static_cast<int128>(count));
  const auto whole = static_cast<std::int64_t>(scaled / ten_to_16);
  char decimals[16];
  put_digits(decimals, static_cast<std::uint64_t>(scaled % ten_to_16), 16);
  out += '"';
  append_number(out, whole);
  out += '.';
  out.append(decimals, sizeof decimals);
  out += '"';
}

}  // namespace atelier::api
