// The values that requests differ by: ids drawn by a law, words.
#pragma once

#include "bench/load/random.hpp"

#include <cstdint>
#include <string>

namespace atelier::bench {

/// How a value is made. Numbers lie in [first, last].
struct generator {
  enum class law {
    uniform,
    zipf,        // the k-th most popular id has 1/k^exponent of the first one's share
    last_tenth,  // uniform over the last tenth: what was added last
    fixed,       // first, always
    range,       // first, first + 1 … last, and again
    text,        // words, `last` bytes of them
  };

  std::string name;
  law how = law::uniform;
  std::int64_t first = 1;
  std::int64_t last = 1;
  double exponent = 1.0;
  bool scattered = true;  // zipf: popular ids lie anywhere; false: they are first, first + 1 …

  bool is_number() const { return how != law::text; }
};

/// Ranks 1 … n by Zipf's law in constant time and memory, for any exponent from 0 up (W. Hörmann and G.
/// Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions", 1996).
class zipf_ranks {
 public:
  zipf_ranks(std::uint64_t n, double exponent);
  std::uint64_t next(random_numbers& chance) const;

 private:
  double integral(double x) const;
  double inverse(double x) const;

  double n_;
  double exponent_;
  double first_;
  double end_;
  double certain_;
};

/// One generator at work.
class source {
 public:
  explicit source(const generator& what);

  std::int64_t number(random_numbers& chance);
  void append_text(random_numbers& chance, std::string& out) const;
  const generator& what() const { return what_; }

 private:
  generator what_;
  std::uint64_t size_;
  zipf_ranks ranks_;
  std::uint64_t stride_;  // has no divisor in common with size_: k → k·stride mod size meets every id once
  std::uint64_t position_ = 0;
};

}  // namespace atelier::bench
