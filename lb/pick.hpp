// Which worker gets the next request: the one with the fewest requests in flight for its weight, where equals
// take turns; or the one that a key belongs to, as long as that one is not much busier than the rest.
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
  std::uint64_t identity = 0;       // the same for the same worker in every process, for pick_for()
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

/// Index of the worker that `key` (a hash, well mixed) belongs to: the same one each time, by rendezvous
/// hashing (Thaler, Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", 1998), so that only the
/// keys of a worker that comes or goes move. One that has `bound_percent` of its fair share of all requests
/// in flight is passed over for the key's next (Mirrokni, Thorup, Zadimoghaddam, "Consistent Hashing with
/// Bounded Loads", 2018). Above 100 there is always one below it. Nothing where none has room.
std::optional<std::size_t> pick_for(std::uint64_t key, std::span<const load> workers, unsigned bound_percent,
                                    std::optional<std::size_t> avoid = std::nullopt) noexcept;

/// True if any may be used at all, full or not: then it is worth waiting for room.
bool any_usable(std::span<const load> workers) noexcept;

}  // namespace atelier::lb
