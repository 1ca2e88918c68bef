#include "bench/load/threshold.hpp"

#include <charconv>
#include <cmath>

namespace atelier::bench {
namespace {

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
  while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
  return s;
}

struct number_and_unit {
  double number = std::nan("");
  std::string_view unit;
};

number_and_unit split(std::string_view text) {
  text = trimmed(text);
  number_and_unit out;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.number);
  if (error != std::errc{}) out.number = std::nan("");
  out.unit = trimmed(text.substr(static_cast<std::size_t>(end - text.data())));
  return out;
}

double nanoseconds_of(std::string_view unit) {
  if (unit == "ns") return 1;
  if (unit == "us" || unit == "µs") return 1e3;
  if (unit == "ms") return 1e6;
  if (unit == "s") return 1e9;
  if (unit == "m" || unit == "min") return 60e9;
  if (unit == "h") return 3600e9;
  return 0;
}

// The figure's name; false if there is no such figure.
bool read_figure(std::string_view name, threshold& t) {
  if (name == "mean")
    t.what = threshold::figure::mean;
  else if (name == "max")
    t.what = threshold::figure::greatest;
  else if (name == "rate")
    t.what = threshold::figure::rate;
  else if (name == "errors")
    t.what = threshold::figure::error_share;
  else if (name.starts_with('p') && split(name.substr(1)).unit.empty())
    t.share = split(name.substr(1)).number / 100;
  else
    return false;
  return t.what != threshold::figure::percentile || (t.share >= 0 && t.share <= 1);
}

bool read_bound(std::string_view text, threshold& t) {
  const auto [number, unit] = split(text);
  if (std::isnan(number) || number < 0) return false;
  switch (t.what) {
    case threshold::figure::rate:
      t.bound = number;
      return unit.empty() || unit == "/s";
    case threshold::figure::error_share:
      t.bound = unit == "%" ? number / 100 : number;
      return unit.empty() || unit == "%";
    default:
      t.bound = number * nanoseconds_of(unit);
      return nanoseconds_of(unit) > 0;
  }
}

}  // namespace

result<threshold> parse_threshold(std::string_view text) {
  const auto wrong = [&] {
    return fail_with(exit_code::wrong_usage,
                     "'{}' is no threshold; write for instance 'p99 < 20ms', 'errors < 1%', 'rate > 1000' or "
                     "'meta.p99.9 < 5ms'",
                     text);
  };
  threshold t;
  t.text = std::string(trimmed(text));
  const auto sign = text.find_first_of("<>");
  if (sign == text.npos) return wrong();
  t.at_most = text[sign] == '<';
  t.or_equal = sign + 1 < text.size() && text[sign + 1] == '=';
  const auto name = trimmed(text.substr(0, sign));
  // REQUEST.FIGURE, where both may have dots.
  auto dot = name.npos;
  while (!read_figure(dot == name.npos ? name : name.substr(dot + 1), t)) {
    dot = name.find('.', dot == name.npos ? 0 : dot + 1);
    if (dot == name.npos) return wrong();
    t.request = std::string(name.substr(0, dot));
  }
  if (!read_bound(text.substr(sign + (t.or_equal ? 2 : 1)), t)) return wrong();
  return t;
}

bool holds(const threshold& t, double value) {
  if (std::isnan(value)) return false;
  if (value == t.bound) return t.or_equal;
  return t.at_most ? value < t.bound : value > t.bound;
}

result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const auto [number, unit] = split(text);
  const double scale = nanoseconds_of(unit);
  constexpr double most = 365.0 * 24 * 3600e9;  // several may be added up
  if (!(number >= 0 && number * scale <= most) || scale == 0)
    return fail_with(exit_code::wrong_usage, "'{}' is no time up to a year; write 250ms, 10s, 2m or 1h",
                     text);
  return std::chrono::nanoseconds(static_cast<std::chrono::nanoseconds::rep>(number * scale));
}

}  // namespace atelier::bench
