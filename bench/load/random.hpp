// Chance that is the same for the same seed on every machine.
#pragma once

#include <cstdint>

namespace atelier::bench {

/// SplitMix64: one multiplication chain a number, no state but a counter.
class random_numbers {
 public:
  explicit random_numbers(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() noexcept {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  /// In [0, 1).
  double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

  /// In [0, bound); the bias is below bound / 2^32 for the sizes used here.
  std::uint64_t below(std::uint64_t bound) noexcept {
    return bound <= UINT32_MAX ? ((next() >> 32) * bound) >> 32 : next() % bound;
  }

 private:
  std::uint64_t state_;
};

}  // namespace atelier::bench
