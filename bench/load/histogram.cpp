#include "bench/load/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace atelier::bench {

std::size_t histogram::bucket_of(std::uint64_t value) noexcept {
  const unsigned width = static_cast<unsigned>(std::bit_width(value));
  const unsigned shift = width > bits + 1 ? width - (bits + 1) : 0;
  return (static_cast<std::size_t>(shift) << bits) + static_cast<std::size_t>(value >> shift);
}

std::uint64_t histogram::middle_of(std::size_t bucket) noexcept {
  constexpr std::size_t half = std::size_t{1} << bits;
  if (bucket < 2 * half) return bucket;
  const std::size_t shift = bucket / half - 1;
  const std::uint64_t first = static_cast<std::uint64_t>(bucket - shift * half) << shift;
  return first + (std::uint64_t{1} << shift) / 2;
}

histogram::histogram() : buckets_(bucket_of(most) + 1) {}

void histogram::record(std::uint64_t value, std::uint64_t times) noexcept {
  value = std::min(value, most);
  buckets_[bucket_of(value)] += times;
  count_ += times;
  sum_ += static_cast<double>(value) * static_cast<double>(times);
  least_ = std::min(least_, value);
  greatest_ = std::max(greatest_, value);
}

void histogram::add(const histogram& other) noexcept {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  least_ = std::min(least_, other.least_);
  greatest_ = std::max(greatest_, other.greatest_);
}

void histogram::clear() noexcept {
  std::fill(buckets_.begin(), buckets_.end(), 0);
  count_ = 0;
  sum_ = 0;
  least_ = most;
  greatest_ = 0;
}

double histogram::mean() const noexcept { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

std::uint64_t histogram::at(double share) const noexcept {
  if (count_ == 0) return 0;
  const auto wanted = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(
             std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_) - 1e-6)));
  if (wanted == count_) return greatest_;
  std::uint64_t seen = 0;
  for (std::size_t i = bucket_of(least_); i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= wanted) return std::clamp(middle_of(i), least_, greatest_);
  }
  return greatest_;
}

std::uint64_t histogram::up_to(std::uint64_t value) const noexcept {
  const auto last = bucket_of(std::min(value, most));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i <= last; ++i) seen += buckets_[i];
  return seen;
}

}  // namespace atelier::bench
