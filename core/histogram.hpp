// How long things took: counted in buckets that double, for a few instructions each time.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>

namespace atelier {

/// Bucket i holds what took less than 64 µs << i; the last what took longer than the others.
class histogram {
 public:
  static constexpr std::size_t bounded_buckets = 19;  // 64 µs … 16.8 s

  void add(std::chrono::nanoseconds took) {
    const auto units = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0)) / 64'000;
    ++counts_[std::min<std::size_t>(std::bit_width(units), bounded_buckets)];
    sum_ += took;
  }

  static constexpr double bound_seconds(std::size_t bucket) {
    return 64e-6 * static_cast<double>(1U << bucket);
  }
  std::uint64_t count(std::size_t bucket) const { return counts_[bucket]; }
  std::uint64_t total() const { return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{}); }
  std::chrono::nanoseconds sum() const { return sum_; }

 private:
  std::array<std::uint64_t, bounded_buckets + 1> counts_{};
  std::chrono::nanoseconds sum_{};
};

}  // namespace atelier
