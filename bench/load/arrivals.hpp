// When requests are meant to start, whatever the server does.
#pragma once

#include "bench/load/random.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <vector>

namespace atelier::bench {

using nanoseconds = std::chrono::nanoseconds;

/// A stretch of time with a rate that is steady or grows evenly.
struct stage {
  nanoseconds lasts{0};
  double from = 0;  // requests a second at its beginning
  double to = 0;    // and at its end
};

nanoseconds length_of(std::span<const stage> stages);

/// The arrivals of an open loop, one after the other, in time since its beginning. A request starts when the
/// sum of the rate over time reaches the next mark: marks one apart (even) or exponentially far apart
/// (Poisson, as many independent clients arrive).
class arrivals {
 public:
  enum class pacing { even, poisson };

  arrivals(std::vector<stage> stages, pacing how, std::uint64_t seed);

  /// Nothing when the stages are over.
  std::optional<nanoseconds> next();

 private:
  std::vector<stage> stages_;
  pacing how_;
  random_numbers chance_;
  std::size_t stage_ = 0;
  double begun_ = 0;   // seconds before this stage
  double before_ = 0;  // requests due before this stage
  double mark_ = 0;
};

}  // namespace atelier::bench
