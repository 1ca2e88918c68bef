// What requests have in common that had better meet at one worker: a key of it for pick_for().
#pragma once

#include <cstdint>
#include <string_view>

namespace atelier::lb {

enum class affinity {
  target,  // the same answer: a worker's cache keeps it
  route,   // the same kind of answer: a worker's reads of one kind share a statement
};

/// A hash of the target as it was sent, path and query.
std::uint64_t target_key(std::string_view target) noexcept;

/// A hash of the path's segments in their order, without those that tell apart what is of one kind: numbers.
/// Empty ones do not count: /reviews and /reviews/ are one route.
std::uint64_t route_key(std::string_view path) noexcept;

}  // namespace atelier::lb
