#include "lb/affinity.hpp"

#include <xxhash.h>

#include <algorithm>

namespace atelier::lb {
namespace {

bool is_number(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::uint64_t target_key(std::string_view target) noexcept {
  return XXH3_64bits(target.data(), target.size());
}

std::uint64_t route_key(std::string_view path) noexcept {
  std::uint64_t key = 0;
  while (!path.empty()) {
    const auto segment = path.substr(0, path.find('/'));
    // Of nothing but digits: an empty one too.
    if (!is_number(segment)) key = XXH3_64bits_withSeed(segment.data(), segment.size(), key);
    path.remove_prefix(std::min(segment.size() + 1, path.size()));
  }
  return key;
}

}  // namespace atelier::lb
