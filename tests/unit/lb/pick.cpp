#include "lb/pick.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
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

namespace {

using atelier::lb::pick_for;

std::vector<load> with_identities(std::size_t count) {
  std::vector<load> workers(count);
  for (std::size_t i = 0; i < count; ++i) workers[i].identity = 0x9e3779b97f4a7c15 * (i + 1);
  return workers;
}

}  // namespace

TEST_CASE("a key belongs to one worker, and the keys are spread over all") {
  const auto workers = with_identities(3);
  std::map<std::size_t, int> share;
  for (std::uint64_t key = 0; key < 3000; ++key) {
    const auto first = pick_for(key, workers, 150);
    CHECK(pick_for(key, workers, 150) == first);
    ++share[first.value()];
  }
  for (std::size_t i = 0; i < 3; ++i) CHECK(std::abs(share[i] - 1000) < 150);
}

TEST_CASE("only the keys of a worker that goes away move") {
  const auto before = with_identities(5);
  auto after = before;
  after[2].usable = false;
  for (std::uint64_t key = 0; key < 1000; ++key) {
    const auto owner = pick_for(key, before, 150);
    if (owner != 2U)
      CHECK(pick_for(key, after, 150) == owner);
    else
      CHECK(pick_for(key, after, 150) != 2U);
  }
  CHECK(pick_for(7, before, 150, pick_for(7, before, 150)) != pick_for(7, before, 150));
}

TEST_CASE("nobody gets much more than his share, however popular a key is") {
  auto workers = with_identities(4);
  for (int i = 0; i < 400; ++i) ++workers[pick_for(1, workers, 150).value()].in_flight;
  std::vector<std::uint32_t> in_flight;
  for (const auto& w : workers) in_flight.push_back(w.in_flight);
  std::sort(in_flight.begin(), in_flight.end());
  CHECK(in_flight == std::vector<std::uint32_t>{0, 100, 150, 150});
}

TEST_CASE("a key's worker of twice the weight may have twice the requests in flight, and a full one none") {
  auto workers = with_identities(2);
  workers[0].weight = 2;
  for (int i = 0; i < 300; ++i) ++workers[pick_for(1, workers, 101).value()].in_flight;
  CHECK(workers[0].in_flight >= 198);
  CHECK(workers[0].in_flight <= 203);
  for (auto& w : workers) w.in_flight_max = 1;
  CHECK(pick_for(1, workers, 150) == std::nullopt);
}
