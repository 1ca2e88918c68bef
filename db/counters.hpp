// What a pool counts, in plain integers: one thread.
#pragma once

#include "core/histogram.hpp"
#include "db/error.hpp"

#include <array>
#include <cstdint>

namespace atelier::db {

inline constexpr std::size_t errc_count = static_cast<std::size_t>(errc::rejected) + 1;

struct pool_counters {
  std::uint64_t statements = 0;   // sent, repeats included
  std::uint64_t gathered = 0;     // reads that went as part of another's statement
  std::uint64_t round_trips = 0;  // turns in which some were sent: statements that go together share one
  std::uint64_t repeated = 0;     // reads sent again because their connection broke
  std::uint64_t opened = 0;       // connections that became ready
  std::uint64_t lost = 0;         // ready connections that broke, or that we gave up as silent
  std::array<std::uint64_t, errc_count> errors{};  // what callers were told, by errc
  histogram
      answer_times;  // from a statement's sending to its answer: two clock reads a turn, none a statement
};

}  // namespace atelier::db
