#include "lb/pick.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <random>
#include <vector>

using atelier::lb::load;
using atelier::lb::pick;

namespace {

load worker(std::uint32_t in_flight, std::uint32_t weight = 1) {
  load w;
  w.in_flight = in_flight;
  w.weight = weight;
  return w;
}

}  // namespace

TEST_CASE("the worker with the fewest requests in flight is picked") {
  std::vector<load> workers{worker(3), worker(1), worker(2)};
  CHECK(pick(workers) == 1U);
}

TEST_CASE("equals take turns") {
  std::vector<load> workers(3);
  std::vector<std::size_t> order;
  for (int i = 0; i < 6; ++i) order.push_back(pick(workers).value());
  CHECK(order == std::vector<std::size_t>{0, 1, 2, 0, 1, 2});
}

TEST_CASE("an idle service spreads requests by weight") {
  std::vector<load> workers{worker(0, 3), worker(0, 1)};
  std::map<std::size_t, int> share;
  for (int i = 0; i < 400; ++i) ++share[pick(workers).value()];
  CHECK(share[0] == 300);
  CHECK(share[1] == 100);
}

TEST_CASE("a worker of twice the weight holds twice the requests") {
  std::vector<load> workers{worker(0, 2), worker(0, 1)};
  for (int i = 0; i < 300; ++i) ++workers[pick(workers).value()].in_flight;
  CHECK(workers[0].in_flight == 200);
  CHECK(workers[1].in_flight == 100);
}

TEST_CASE("a worker that is down, drained or full is not picked") {
  std::vector<load> workers{worker(0), worker(5)};
  workers[0].usable = false;
  CHECK(pick(workers) == 1U);
  workers[1].in_flight_max = 5;
  CHECK(pick(workers) == std::nullopt);
  CHECK(atelier::lb::any_usable(workers));
  workers[1].usable = false;
  CHECK_FALSE(atelier::lb::any_usable(workers));
}

TEST_CASE("no workers, no pick") { CHECK(pick({}) == std::nullopt); }

TEST_CASE("the worker that failed is avoided unless it is the only one") {
  std::vector<load> workers{worker(0), worker(9)};
  CHECK(pick(workers, 0) == 1U);
  workers[1].usable = false;
  CHECK(pick(workers, 0) == 0U);
}

TEST_CASE("nobody has more in flight for its weight than another would have had") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  std::vector<load> workers;
  for (std::uint32_t i = 0; i < 8; ++i) workers.push_back(worker(0, 1 + random() % 4));
  for (int step = 0; step < 10'000; ++step) {
    if (random() % 2 == 0) {
      auto& w = workers[random() % workers.size()];
      if (w.in_flight > 0) --w.in_flight;
      continue;
    }
    const auto chosen = pick(workers).value();
    for (const auto& w : workers)
      REQUIRE(workers[chosen].in_flight * w.weight <= w.in_flight * workers[chosen].weight);
    ++workers[chosen].in_flight;
  }
}
