#include "lb/workers.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace atelier;
using namespace atelier::lb;
using namespace std::chrono_literals;

namespace {

worker_settings named(const std::string& name) { return {.where = {name, 80}}; }

socket_address at(const std::string& host) { return *resolve({host, 80}); }

struct house {
  asio::io_context loop;
  limits bounds;
  health_rules rules;
  workers pool{loop, bounds, rules};

  // Workers of which so many are healthy.
  void settle(std::size_t how_many, std::size_t healthy) {
    for (std::size_t i = 0; i < how_many; ++i) {
      const auto added = pool.add(named("w" + std::to_string(i)), at("127.0.0.1"));
      pool.probed(**added, {i < healthy, false, {}});
    }
  }

  // How many different workers get requests.
  std::size_t served_by(std::size_t requests) {
    std::vector<worker*> given;
    for (std::size_t i = 0; i < requests; ++i)
      if (auto* one = pool.acquire(std::nullopt)) given.push_back(one);
    std::vector<worker*> different = given;
    std::sort(different.begin(), different.end());
    different.erase(std::unique(different.begin(), different.end()), different.end());
    for (auto* one : given) pool.release(*one);
    return different.size();
  }
};

}  // namespace

TEST_CASE(
    "all workers get requests when a smaller share than --panic-percent is healthy, not when just so many "
    "are") {
  struct example {
    unsigned percent;
    std::size_t workers;
    std::size_t healthy;
    bool panic;
  };
  const auto e = GENERATE(values<example>({
      {50, 4, 2, false},
      {50, 4, 1, true},
      {51, 4, 2, true},
      {33, 3, 1, false},
      {34, 3, 1, true},
      {67, 3, 2, true},
      {66, 3, 2, false},
      {100, 8, 7, true},
      {100, 8, 8, false},
      {1, 8, 1, false},
      {1, 8, 0, true},
      {0, 3, 0, false},
  }));
  house h;
  h.bounds.panic_percent = e.percent;
  h.settle(e.workers, e.healthy);
  INFO(e.healthy << " of " << e.workers << " are healthy, " << e.percent << " %");
  CHECK(h.pool.in_panic() == e.panic);
  CHECK(h.served_by(2 * e.workers) == (e.panic ? e.workers : e.healthy));
}

TEST_CASE("a worker that an operator drains is none of those of which enough are to be healthy") {
  house h;
  h.bounds.panic_percent = 50;
  h.settle(4, 2);
  h.pool.drain(*h.pool.all()[0]);
  CHECK(h.pool.in_panic());  // one of three
  CHECK(h.served_by(10) == 3);
  h.pool.drain(*h.pool.all()[3]);
  CHECK_FALSE(h.pool.in_panic());  // one of two
  CHECK(h.served_by(10) == 1);
}

TEST_CASE(
    "a worker that is removed and added again before it has gone is at the address that it is added with") {
  house h;
  const auto first = *h.pool.add(named("w"), at("127.0.0.1"));
  auto* const busy = h.pool.acquire(std::nullopt);
  h.pool.remove(*first);
  const auto again = *h.pool.add(named("w"), at("127.0.0.2"));
  CHECK(again == first);
  CHECK(is_same(again->endpoint, at("127.0.0.2")));
  h.pool.release(*busy);
}

TEST_CASE(
    "a worker whose name has several addresses stays at the one that it has, as long as that is among them") {
  house h;
  const auto one = *h.pool.add(named("w"), at("127.0.0.2"));
  CHECK(is_same(one->address_among({at("127.0.0.1"), at("127.0.0.2")}), at("127.0.0.2")));
  CHECK(is_same(one->address_among({at("127.0.0.3"), at("127.0.0.1")}), at("127.0.0.3")));
}

TEST_CASE("connections to an address that its worker has left are not used again") {
  house h;
  const auto moving = *h.pool.add(named("w"), at("127.0.0.1"));
  const auto connection = [&] { return std::make_unique<upstream>(h.loop); };
  moving->give_idle(connection(), clock::now(), 10);
  auto under_way = connection();
  h.pool.move(*moving, at("127.0.0.1"));
  CHECK(moving->idle() == 1);  // it is where it was
  h.pool.move(*moving, at("127.0.0.2"));
  CHECK(moving->idle() == 0);
  moving->give_idle(std::move(under_way), clock::now(), 10);
  CHECK(moving->idle() == 0);
  moving->give_idle(connection(), clock::now(), 10);
  CHECK(moving->idle() == 1);
}
