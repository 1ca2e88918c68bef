#include "bench/load/histogram.hpp"

#include "bench/load/random.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

using namespace atelier::bench;

TEST_CASE("every value is counted in the bucket whose middle is at most 0.2 % away", "[bench]") {
  for (std::uint64_t value = 0; value < histogram::most; value = value + value / 97 + 1) {
    const auto middle = static_cast<double>(histogram::middle_of(histogram::bucket_of(value)));
    CAPTURE(value, middle);
    REQUIRE(std::abs(middle - static_cast<double>(value)) <= 0.002 * static_cast<double>(value));
  }
}

TEST_CASE("buckets follow one another without a gap", "[bench]") {
  for (std::uint64_t value = 1; value < 5'000'000; value += 7) {
    const auto step = histogram::bucket_of(value) - histogram::bucket_of(value - 1);
    REQUIRE(step <= 1);
  }
}

TEST_CASE("percentiles of random values are those of the sorted values within the stated error", "[bench]") {
  const std::uint64_t seed = 20240601;
  CAPTURE(seed);
  random_numbers chance(seed);
  histogram h;
  std::vector<std::uint64_t> all;
  for (int i = 0; i < 100'000; ++i) {
    const auto value = static_cast<std::uint64_t>(std::exp(chance.unit() * 20));
    h.record(value);
    all.push_back(value);
  }
  std::sort(all.begin(), all.end());
  for (const double share : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(share * 100'000)) - 1;
    CAPTURE(share);
    CHECK(static_cast<double>(h.at(share)) == Approx(static_cast<double>(all[rank])).epsilon(0.002));
  }
  CHECK(h.least() == all.front());
  CHECK(h.greatest() == all.back());
  CHECK(h.at(1.0) == all.back());
}

TEST_CASE("an empty histogram says zero, and what was cleared is empty", "[bench]") {
  histogram h;
  CHECK(h.at(0.99) == 0);
  CHECK(h.mean() == 0);
  h.record(1000, 3);
  CHECK(h.count() == 3);
  h.clear();
  CHECK(h.count() == 0);
  CHECK(h.at(0.5) == 0);
}

TEST_CASE("two histograms added are the histogram of all their values", "[bench]") {
  histogram a, b, both;
  for (std::uint64_t i = 1; i < 1000; ++i) {
    (i % 3 == 0 ? a : b).record(i * i);
    both.record(i * i);
  }
  a.add(b);
  for (const double share : {0.0, 0.25, 0.5, 0.99, 1.0}) CHECK(a.at(share) == both.at(share));
  CHECK(a.mean() == both.mean());
  CHECK(a.up_to(250'000) == 500);
}
