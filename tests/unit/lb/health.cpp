#include "lb/health.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using atelier::lb::health;
using atelier::lb::health_rules;

namespace {

const health::time start = health::time{} + 1h;

}  // namespace

TEST_CASE("a new worker is used until the first probe, and that probe decides") {
  const health_rules rules;
  health good(rules);
  CHECK(good.usable());
  CHECK(good.probed(true, start)->to == health::state::up);
  health bad(rules);
  CHECK(bad.probed(false, start)->to == health::state::down);
  CHECK_FALSE(bad.usable());
}

TEST_CASE("a worker that starts after the proxy is used from its first good probe on") {
  const health_rules rules{.rise = 3};
  health h(rules);
  h.probed(false, start);
  CHECK(h.probed(true, start)->to == health::state::up);
}

TEST_CASE("only consecutive probes count, both ways") {
  const health_rules rules{.rise = 2, .fall = 3};
  health h(rules);
  h.probed(true, start);
  CHECK_FALSE(h.probed(false, start));
  CHECK_FALSE(h.probed(false, start));
  CHECK_FALSE(h.probed(true, start));
  CHECK_FALSE(h.probed(false, start));
  CHECK_FALSE(h.probed(false, start));
  CHECK(h.probed(false, start)->to == health::state::down);
  CHECK_FALSE(h.probed(true, start));
  CHECK_FALSE(h.probed(false, start));
  CHECK_FALSE(h.probed(true, start));
  CHECK(h.probed(true, start)->to == health::state::up);
}

TEST_CASE("requests that fail in a row put a worker aside; an answer between them does not") {
  const health_rules rules{.failures_max = 3};
  health h(rules);
  h.probed(true, start);
  CHECK_FALSE(h.failed(start));
  CHECK_FALSE(h.failed(start));
  h.answered(200, {});
  CHECK_FALSE(h.failed(start));
  CHECK_FALSE(h.failed(start));
  CHECK(h.failed(start)->to == health::state::aside);
  CHECK_FALSE(h.usable());
  CHECK_FALSE(h.failed(start));
}

TEST_CASE("the last healthy worker is not put aside, until another one is healthy again") {
  const health_rules rules;
  health h(rules);
  h.probed(true, start);
  for (int i = 0; i < 100; ++i) CHECK_FALSE(h.failed(start, true));
  CHECK(h.failed(start)->to == health::state::aside);

  health of_errors(rules);
  of_errors.probed(true, start);
  for (int i = 0; i < 100; ++i) CHECK_FALSE(of_errors.answered(500, start, true));
  CHECK(of_errors.answered(500, start)->to == health::state::aside);
}

TEST_CASE(
    "500, 502 and 504 in a row put a worker aside; what says that it is busy or that the request asks too "
    "much "
    "does not") {
  const health_rules rules{.errors_max = 3};
  for (const unsigned status : {500U, 502U, 504U}) {
    health h(rules);
    h.probed(true, start);
    CHECK_FALSE(h.answered(status, start));
    CHECK_FALSE(h.answered(status, start));
    CHECK_FALSE(h.answered(200, start));
    CHECK_FALSE(h.answered(status, start));
    CHECK_FALSE(h.answered(status, start));
    CHECK(h.answered(status, start)->to == health::state::aside);
  }
  for (const unsigned status : {501U, 503U, 505U, 507U, 511U, 599U}) {
    health h(rules);
    h.probed(true, start);
    for (int i = 0; i < 10; ++i) CHECK_FALSE(h.answered(status, start));
    CHECK(h.usable());
  }
}

TEST_CASE("a worker put aside comes back after its time and good probes, and stays away longer each time") {
  const health_rules rules{.rise = 2, .failures_max = 1, .aside = 1s, .aside_max = 3s};
  health h(rules);
  auto at = start;
  h.probed(true, at);
  for (const auto away : {1s, 2s, 3s, 3s}) {
    REQUIRE(h.failed(at)->to == health::state::aside);
    CHECK_FALSE(h.probed(true, at));
    CHECK_FALSE(h.probed(true, at));
    CHECK_FALSE(h.probed(true, at + away - 1ms));
    at += away;
    REQUIRE(h.probed(true, at)->to == health::state::up);
  }
}

TEST_CASE("a long time without failing forgets the back-off") {
  const health_rules rules{.rise = 1, .failures_max = 1, .aside = 1s, .aside_max = 4s};
  health h(rules);
  h.probed(true, start);
  h.failed(start);
  h.probed(true, start + 1s);
  h.probed(true, start + 10s);
  h.failed(start + 11s);
  CHECK(h.probed(true, start + 12s)->to == health::state::up);
}

TEST_CASE("a worker put aside whose probes fail is down") {
  const health_rules rules{.rise = 1, .fall = 2, .failures_max = 1};
  health h(rules);
  h.probed(true, start);
  h.failed(start);
  CHECK_FALSE(h.probed(false, start));
  CHECK(h.probed(false, start)->to == health::state::down);
  CHECK(h.probed(true, start)->to == health::state::up);
}
