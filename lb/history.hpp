// The last minute of the proxy, as copies of its counters: what happened between two moments is their
// difference.
#pragma once

#include "lb/proxy.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <vector>

namespace atelier::lb {

/// Totals are kept modulo 2³²: the difference of two of them is right as long as less than that happens in
/// between.
using total = std::uint32_t;
using bucket_totals = std::array<total, histogram::bounded_buckets + 1>;

/// 96 bytes a worker, 160 for the whole.
struct moment {
  struct of_worker {
    std::uint32_t number = 0;  // worker::number
    std::uint32_t in_flight = 0;
    total requests = 0;
    total errors = 0;  // answers 5xx, and requests that it failed
    bucket_totals times{};
  };

  std::chrono::system_clock::time_point at;  // as it is shown
  clock::time_point tick;                    // as it is reckoned with
  std::uint32_t in_flight = 0;
  std::uint32_t waiting = 0;
  std::uint32_t connections = 0;
  total retries = 0;
  std::array<total, 6> answers{};  // by the first digit of the status
  bucket_totals times{};
  std::vector<of_worker> workers;

  const of_worker* find(std::uint64_t number) const;
};

moment now(const proxy& seen);

/// Of how long requests took between two looks at a histogram: 0.5, 0.9 and 0.99 of them took less. As
/// precise as its buckets, of which each is twice as wide as the one before: within one, times are taken to
/// lie evenly. Nothing where nothing was counted.
struct percentiles {
  double p50_ms;
  double p90_ms;
  double p99_ms;
};
std::optional<percentiles> times_between(const bucket_totals& before, const bucket_totals& after);

/// What happened in the second that ended with a moment; times are those of the last seconds, so that a quiet
/// proxy has some.
struct pace {
  double requests = 0;  // a second
  double errors = 0;    // a second
  std::uint32_t in_flight = 0;
  std::optional<percentiles> times;
};

class history {
 public:
  static constexpr std::size_t seconds = 60;       // shown
  static constexpr std::size_t times_seconds = 5;  // over which times are taken

  void note(moment m);

  /// Moments of which the second before is known: 0 is the oldest. At most `seconds`.
  std::size_t size() const { return all_.size() > 1 ? std::min(all_.size() - 1, seconds) : 0; }
  const moment& at(std::size_t index) const { return all_[first() + index]; }

  pace whole(std::size_t index) const;

  /// Nothing for a worker that was not there.
  std::optional<pace> of_worker(std::size_t index, std::uint64_t number) const;

  /// Answers of that class, and requests sent again, in that second.
  double answers(std::size_t index, unsigned hundred) const;
  double retries(std::size_t index) const;

 private:
  std::size_t first() const { return all_.size() - size(); }
  const moment& before(std::size_t index) const { return all_[first() + index - 1]; }
  const moment& before_times(std::size_t index) const;
  double a_second(std::size_t index, total before, total after) const;

  std::deque<moment> all_;  // at most seconds + times_seconds
};

}  // namespace atelier::lb
