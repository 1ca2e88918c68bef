// Which worker gets the next request: the one with the fewest requests in flight for its weight; equals take
// turns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace atelier::lb {

/// What choosing needs to know about a worker. Kept by value and together, so that a scan of 64 workers reads
/// a few cache lines.
struct load {
  std::uint32_t in_flight = 0;      // requests, not connections
  std::uint32_t in_flight_max = 0;  // 0: no limit
  std::uint32_t weight = 1;         // one of twice the weight has twice the requests in flight
  std::int32_t turn = 0;            // credit among equals, moved by pick()
  bool usable = true;               // healthy and not drained

  static constexpr std::uint32_t weight_unit = 10;   // weight 1: one that has just come back has a part of it
  static constexpr std::uint32_t weight_max = 1000;  // as operators write it

  bool has_room() const { return usable && (in_flight_max == 0 || in_flight < in_flight_max); }
};

/// Index of the chosen worker, or nothing where none has room. The scan is full: its cost is that of the
/// list. Equals take turns by smooth weighted round robin, so an idle service spreads its requests by weight
/// as a busy one does. `avoid` (the worker that failed before, when a request is sent again) is taken only
/// where there is no other.
std::optional<std::size_t> pick(std::span<load> workers,
                                std::optional<std::size_t> avoid = std::nullopt) noexcept;

/// True if any may be used at all, full or not: then it is worth waiting for room.
bool any_usable(std::span<const load> workers) noexcept;

}  // namespace atelier::lb
