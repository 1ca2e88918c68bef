// Latencies by the thousand million in a few kilobytes.
#pragma once

#include <cstdint>
#include <vector>

namespace atelier::bench {

/// Counts of values (nanoseconds) in buckets whose width grows with the value, as HDR histograms have them:
/// exact below 512 ns, then 256 buckets each time the value doubles. What it says of a value is at most 0.2 %
/// off (half a bucket); minimum, maximum and mean are exact. Values beyond an hour count as an hour.
class histogram {
 public:
  static constexpr unsigned bits = 8;  // 2^bits buckets for each doubling
  static constexpr std::uint64_t most = 3'600'000'000'000;

  histogram();

  void record(std::uint64_t value, std::uint64_t times = 1) noexcept;
  void add(const histogram& other) noexcept;
  void clear() noexcept;

  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t least() const noexcept { return count_ == 0 ? 0 : least_; }
  std::uint64_t greatest() const noexcept { return greatest_; }
  double mean() const noexcept;

  /// The value that this share of all (0 to 1) does not exceed; 0 when there is none.
  std::uint64_t at(double share) const noexcept;

  /// How many values are in buckets up to the one that holds this value.
  std::uint64_t up_to(std::uint64_t value) const noexcept;

  /// Where a value is counted, and the middle of that bucket.
  static std::size_t bucket_of(std::uint64_t value) noexcept;
  static std::uint64_t middle_of(std::size_t bucket) noexcept;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t least_ = most;
  std::uint64_t greatest_ = 0;
  double sum_ = 0;
};

}  // namespace atelier::bench
