// When a worker counts as healthy: consecutive probes decide both ways, failing requests put it aside for a
// while.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace atelier::lb {

struct health_rules {
  unsigned rise = 2;                      // good probes in a row that bring a worker back
  unsigned fall = 3;                      // bad probes in a row that take it out
  unsigned failures_max = 3;              // failed requests in a row that put it aside
  unsigned errors_max = 20;               // answers 500, 502 or 504 in a row that do the same; 0: none
  std::chrono::milliseconds aside{1000};  // for how long the first time; twice as long each time after
  std::chrono::milliseconds aside_max{
      30'000};  // and never longer than this; as long without failing forgets it all
};

/// What becomes of a worker, and why. Pure: the caller brings the time.
class health {
 public:
  using time = std::chrono::steady_clock::time_point;

  enum class state : std::uint8_t {
    unknown,  // just added: used until the first probe says more
    up,
    down,   // probes fail: comes back after `rise` good ones, or comes up for the first time after one
    aside,  // requests failed although probes did not: comes back after its time and `rise` good probes
  };
  struct change {
    state from;
    state to;
    std::string_view why;  // a literal, for the log
  };

  explicit health(const health_rules& rules) : rules_(&rules) {}  // the rules outlive us

  state now() const { return state_; }
  bool usable() const { return state_ == state::up || state_ == state::unknown; }

  /// An answer to an active probe, good or not. The first decides at once.
  std::optional<change> probed(bool good, time at);

  /// A request failed in a way that speaks against the worker: no connection, a reset, a timeout, an answer
  /// that is no HTTP. The last worker that is healthy stays, here and below: only probes take it out, since a
  /// request that fails everywhere speaks against none of them.
  std::optional<change> failed(time at, bool is_last = false);

  /// A request was answered. Cheap: called for every one. Only 500, 502 and 504 speak against the worker: 503
  /// is how one that is too busy says so, and 501 or 505 is about the request, so that a client could ask for
  /// it.
  std::optional<change> answered(unsigned status, time at, bool is_last = false) {
    failures_ = 0;
    if (status != 500 && status != 502 && status != 504) {
      errors_ = 0;
      return std::nullopt;
    }
    return failed_by_answer(at, is_last);
  }

 private:
  change turn(state to, std::string_view why);
  change put_aside(std::string_view why, time at);
  std::optional<change> failed_by_answer(time at, bool is_last);

  const health_rules* rules_;
  state state_ = state::unknown;
  unsigned good_ = 0;      // probes in a row
  unsigned bad_ = 0;       // probes in a row
  unsigned failures_ = 0;  // requests in a row
  unsigned errors_ = 0;    // answers in a row
  unsigned times_aside_ = 0;
  bool was_up_ = false;
  time aside_until_{};
};

std::string_view to_string(health::state s);

}  // namespace atelier::lb
