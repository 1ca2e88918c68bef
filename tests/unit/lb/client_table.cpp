#include "lb/client_table.hpp"

#include <catch2/catch.hpp>

using namespace atelier::lb;
using namespace std::chrono_literals;

TEST_CASE("an address may have so many connections at a time") {
  client_table table;
  const client_limits limits{.connections_max = 2};
  CHECK(table.connect("a", limits));
  CHECK(table.connect("a", limits));
  CHECK_FALSE(table.connect("a", limits));
  CHECK(table.connect("b", limits));
  table.disconnect("a");
  CHECK(table.connect("a", limits));
  table.disconnect("a");
  table.disconnect("a");
  table.disconnect("b");
  CHECK(table.size() == 0);
}

TEST_CASE("an address may ask at a rate, and more at once as long as the bucket holds") {
  client_table table;
  const client_limits limits{.rate = 10, .burst = 3};
  const atelier::clock::time_point start{1h};
  for (int i = 0; i < 3; ++i) CHECK(table.ask("a", limits, start) == 0ms);
  CHECK(table.ask("a", limits, start) == 100ms);
  CHECK(table.ask("a", limits, start + 50ms) == 50ms);
  CHECK(table.ask("b", limits, start) == 0ms);
  CHECK(table.ask("a", limits, start + 100ms) == 0ms);
  CHECK(table.ask("a", limits, start + 100ms) == 100ms);
  for (int i = 0; i < 3; ++i) CHECK(table.ask("a", limits, start + 10s) == 0ms);
  CHECK(table.ask("a", limits, start + 10s) > 0ms);
  CHECK(table.ask("a", {}, start) == 0ms);
}

TEST_CASE("addresses that are not limited any more are forgotten, and there is a bound on all") {
  client_table table;
  const client_limits limits{.rate = 1, .addresses_max = 3};
  const atelier::clock::time_point start{1h};
  for (const char* one : {"a", "b", "c", "d"}) CHECK(table.ask(one, limits, start) == 0ms);
  CHECK(table.size() == 3);
  CHECK(table.ask("d", limits, start) == 0ms);  // not known, not limited
  CHECK(table.ask("d", limits, start + 5s) == 0ms);
  CHECK(table.size() == 1);
  CHECK(table.ask("d", limits, start + 5s) > 0ms);
}

TEST_CASE("an IPv6 client is its network") {
  CHECK(client_key("192.0.2.1") == "192.0.2.1");
  CHECK(client_key("2001:db8:1:2:3:4:5:6") == client_key("2001:db8:1:2::9"));
  CHECK(client_key("2001:db8:1:2::1") != client_key("2001:db8:1:3::1"));
}
