// What the worker counts, in plain integers: one thread.
#pragma once

#include "app/api/routes.hpp"
#include "core/histogram.hpp"

#include <array>
#include <cstdint>

namespace atelier::api {

struct counters {
  // By route and by the first digit of the status.
  std::array<std::array<std::uint64_t, 6>, route_count> answers{};
  // Of those that wait for the database: what is answered from memory is not worth two looks at the clock.
  std::array<histogram, route_count> database_times{};
  std::size_t in_flight = 0;  // requests that wait for the database

  void count(route where, unsigned status) { ++answers[static_cast<std::size_t>(where)][status / 100 % 6]; }
};

}  // namespace atelier::api
