// "p99 < 20ms": what a run must hold for its exit code to be 0.
#pragma once

#include "core/result.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace atelier::bench {

/// A figure of the whole run, or of one request (`meta.p99`), and its bound.
struct threshold {
  enum class figure { percentile, mean, greatest, rate, error_share };

  std::string text;     // as written
  std::string request;  // empty: all
  figure what = figure::percentile;
  double share = 0;     // of a percentile: 0.99
  bool at_most = true;  // < or <=; else > or >=
  bool or_equal = false;
  double bound = 0;  // nanoseconds, requests a second, or a share of all requests (1 % is 0.01)

  bool is_time() const { return what != figure::rate && what != figure::error_share; }
};

/// Reads `[REQUEST.]p50|p99|p99.9|mean|max|rate|errors <|<=|>|>= NUMBER[ns|us|ms|s|%]`. Latencies need a unit
/// of time, errors a `%` or a bare share, rates neither. Errors: anything else.
result<threshold> parse_threshold(std::string_view text);

/// True if the value is on the right side of the bound. A value that is not a number (nothing was measured)
/// is not.
bool holds(const threshold& t, double value);

/// 250ms, 1.5s, 2m, 1h. Errors: no number, no unit.
result<std::chrono::nanoseconds> parse_duration(std::string_view text);

}  // namespace atelier::bench
