#include "bench/load/generators.hpp"

#include "core/int128.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string_view>

namespace atelier::bench {
namespace {

constexpr std::array<std::string_view, 24> words{
    "the",   "shoe", "fits", "well", "colour", "of",  "cotton", "soft", "after", "wash",  "size",   "runs",
    "small", "but",  "warm", "and",  "light",  "for", "long",   "walk", "good",  "value", "really", "nice"};

// log1p(x)/x and expm1(x)/x, also near zero.
double log_ratio(double x) { return std::abs(x) > 1e-8 ? std::log1p(x) / x : 1 - x * (0.5 - x * (1.0 / 3)); }
double exp_ratio(double x) {
  return std::abs(x) > 1e-8 ? std::expm1(x) / x : 1 + x * 0.5 * (1 + x * (1.0 / 3));
}

std::uint64_t stride_for(std::uint64_t size) {
  auto stride = static_cast<std::uint64_t>(static_cast<double>(size) * 0.6180339887498949) | 1;
  while (std::gcd(stride, size) != 1) stride += 2;
  return stride;
}

}  // namespace

zipf_ranks::zipf_ranks(std::uint64_t n, double exponent)
    : n_(static_cast<double>(n)),
      exponent_(exponent),
      first_(integral(1.5) - 1),
      end_(integral(n_ + 0.5)),
      certain_(2 - inverse(integral(2.5) - std::exp(-exponent * std::log(2.0)))) {}

double zipf_ranks::integral(double x) const {
  const double log = std::log(x);
  return exp_ratio((1 - exponent_) * log) * log;
}

double zipf_ranks::inverse(double x) const {
  const double t = std::max(-1.0, x * (1 - exponent_));
  return std::exp(log_ratio(t) * x);
}

std::uint64_t zipf_ranks::next(random_numbers& chance) const {
  for (;;) {
    const double u = end_ + chance.unit() * (first_ - end_);
    const double x = inverse(u);
    const double rank = std::clamp(std::floor(x + 0.5), 1.0, n_);
    if (rank - x <= certain_ || u >= integral(rank + 0.5) - std::exp(-exponent_ * std::log(rank)))
      return static_cast<std::uint64_t>(rank);
  }
}

source::source(const generator& what)
    : what_(what),
      size_(static_cast<std::uint64_t>(what.last - what.first) + 1),
      ranks_(size_, what.exponent),
      stride_(stride_for(size_)) {}

std::int64_t source::number(random_numbers& chance) {
  std::uint64_t offset = 0;
  switch (what_.how) {
    case generator::law::uniform:
      offset = chance.below(size_);
      break;
    case generator::law::zipf: {
      const auto rank = ranks_.next(chance) - 1;
      offset = what_.scattered
                   ? static_cast<std::uint64_t>((static_cast<int128>(rank) * stride_ + size_ / 3) % size_)
                   : rank;
      break;
    }
    case generator::law::last_tenth: {
      const auto tenth = std::max<std::uint64_t>(1, size_ / 10);
      offset = size_ - tenth + chance.below(tenth);
      break;
    }
    case generator::law::range:
      offset = position_++ % size_;
      break;
    case generator::law::fixed:
    case generator::law::text:
      break;
  }
  return what_.first + static_cast<std::int64_t>(offset);
}

void source::append_text(random_numbers& chance, std::string& out) const {
  const auto begin = out.size();
  const auto end = begin + static_cast<std::size_t>(what_.last);
  while (out.size() < end) {
    if (out.size() > begin) out += ' ';
    out += words[chance.below(words.size())];
  }
  out.resize(end);
  if (end > begin && out.back() == ' ') out.back() = '.';
}

}  // namespace atelier::bench
