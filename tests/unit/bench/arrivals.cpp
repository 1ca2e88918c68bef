#include "bench/load/arrivals.hpp"

#include <catch2/catch.hpp>

using namespace atelier::bench;
using namespace std::chrono_literals;

namespace {

std::vector<nanoseconds> all_of(arrivals a) {
  std::vector<nanoseconds> all;
  while (const auto next = a.next()) all.push_back(*next);
  return all;
}

std::size_t between(const std::vector<nanoseconds>& all, nanoseconds from, nanoseconds to) {
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [&](auto t) { return t >= from && t < to; }));
}

}  // namespace

TEST_CASE("a steady rate is evenly spaced from zero on, and over when the stage is", "[bench]") {
  const auto all = all_of(arrivals({{2s, 100, 100}}, arrivals::pacing::even, 1));
  REQUIRE(all.size() == 200);
  CHECK(all[0] == 0ns);
  CHECK(all[1].count() == Approx(10e6).margin(2));
  CHECK(all[199].count() == Approx(1990e6).margin(2));
}

TEST_CASE("a ramp starts as many requests as the area under it, ever closer together", "[bench]") {
  const auto all = all_of(arrivals({{10s, 0, 200}}, arrivals::pacing::even, 1));
  CHECK(all.size() == 1000);
  CHECK(between(all, 0s, 5s) == Approx(250).margin(1));
  CHECK(between(all, 9s, 10s) == Approx(190).margin(1));
  CHECK(std::is_sorted(all.begin(), all.end()));
}

TEST_CASE("a falling ramp to nothing ends", "[bench]") {
  CHECK(all_of(arrivals({{4s, 100, 0}}, arrivals::pacing::even, 1)).size() == Approx(200).margin(1));
}

TEST_CASE("stages follow one another; one of rate zero is a pause", "[bench]") {
  const auto all = all_of(arrivals({{1s, 100, 100}, {3s, 0, 0}, {1s, 50, 50}}, arrivals::pacing::even, 1));
  CHECK(between(all, 0s, 1s) == 100);
  CHECK(between(all, 1s, 4s) == 0);
  CHECK(between(all, 4s, 5s) == Approx(50).margin(1));
}

TEST_CASE("Poisson arrivals have the rate, and gaps that vary as those of independent clients", "[bench]") {
  const auto all = all_of(arrivals({{100s, 1000, 1000}}, arrivals::pacing::poisson, 7));
  CHECK(all.size() == Approx(100'000).epsilon(0.02));
  double sum = 0, squares = 0;
  for (std::size_t i = 1; i < all.size(); ++i) {
    const double gap = static_cast<double>((all[i] - all[i - 1]).count());
    sum += gap;
    squares += gap * gap;
  }
  const double n = static_cast<double>(all.size() - 1), mean = sum / n;
  CHECK(std::sqrt(squares / n - mean * mean) / mean == Approx(1).epsilon(0.03));  // exponential gaps
  CHECK(all == all_of(arrivals({{100s, 1000, 1000}}, arrivals::pacing::poisson, 7)));
}
