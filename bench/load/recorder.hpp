// What happened, counted.
#pragma once

#include "bench/load/arrivals.hpp"
#include "bench/load/histogram.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::bench {

/// Why a request failed, as far as a client can see. `none`: it did not.
enum class fault {
  none,
  connect,      // no connection
  lost,         // the connection ended before the answer did
  timed_out,    // no whole answer in time
  bad_answer,   // bytes that are no HTTP
  status,       // a status that was not expected
  header,       // a header that was not as expected
  body,         // a member of the JSON that was not as expected, or no JSON
  not_started,  // more arrivals waited for a connection than may wait
};
inline constexpr std::size_t fault_count = 9;
std::string_view to_string(fault f);

/// One request that ended.
struct outcome {
  std::size_t kind = 0;
  fault why = fault::none;
  int status = 0;
  nanoseconds intended{0};  // since the run's beginning, like all here
  nanoseconds ended{0};
  std::uint64_t bytes = 0;  // of the body
};

/// Figures of a stretch of time.
struct tally {
  histogram latency;  // of answers that were as expected, from the intended start
  std::array<std::uint64_t, fault_count> faults{};
  std::map<int, std::uint64_t> statuses;
  std::uint64_t bytes = 0;
  std::uint64_t in_time = 0;  // answers that came before the load was over: what a rate is made of

  std::uint64_t answered() const { return latency.count(); }
  std::uint64_t failed() const;
  void add(const outcome& o, bool is_in_time);
  double rate(nanoseconds lasted) const;  // answers a second
};

/// A second of the run, as charts show it.
struct moment {
  double at = 0;  // seconds since the beginning
  double rate = 0, offered = 0;
  double p50 = 0, p90 = 0, p99 = 0, p999 = 0, greatest = 0;  // milliseconds
  std::array<std::uint64_t, fault_count> faults{};
  std::size_t in_flight = 0, waiting = 0;

  bool has_answers() const { return rate > 0; }  // else there is no latency to show
};

/// Keeps the whole run, each kind of request, and a moment a second. What was meant to start before the
/// beginning (the warm-up) is not counted.
class recorder {
 public:
  explicit recorder(std::size_t kinds);

  void started(nanoseconds intended);
  void late(nanoseconds by) { lateness_.record(static_cast<std::uint64_t>(by.count() < 0 ? 0 : by.count())); }
  void ended(const outcome& o);

  /// The load is over. An answer that comes now counts, but not as one of so many a second: a server that
  /// was asked too much has thousands of them left.
  void load_is_over() { is_over_ = true; }

  /// Closes the current stretch. Returns it.
  const moment& close_moment(nanoseconds now, std::size_t in_flight, std::size_t waiting);

  const tally& whole() const { return whole_; }
  const std::vector<tally>& kinds() const { return kinds_; }
  const std::vector<moment>& moments() const { return moments_; }
  const histogram& lateness() const { return lateness_; }  // of starts, by the generator's own fault
  std::uint64_t started_count() const { return started_; }

 private:
  tally whole_, stretch_;
  std::vector<tally> kinds_;
  std::vector<moment> moments_;
  histogram lateness_;
  std::uint64_t started_ = 0, started_before_ = 0;
  nanoseconds stretch_begin_{0};
  bool is_over_ = false;
};

}  // namespace atelier::bench
