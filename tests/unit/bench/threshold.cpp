#include "bench/load/threshold.hpp"

#include "bench/load/verdict.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace atelier::bench;

TEST_CASE("a threshold is a figure, a bound and on which side to be", "[bench]") {
  const auto p = parse_threshold(" p99.9 < 20ms");
  REQUIRE(p);
  CHECK(p->what == threshold::figure::percentile);
  CHECK(p->share == Approx(0.999));
  CHECK(p->bound == 20e6);
  CHECK(holds(*p, 19.9e6));
  CHECK(!holds(*p, 20e6));
  CHECK(!holds(*p, std::nan("")));
  const auto e = parse_threshold("meta.errors <= 1 %");
  REQUIRE(e);
  CHECK(e->request == "meta");
  CHECK(holds(*e, 0.01));
  const auto r = parse_threshold("rate>1000");
  REQUIRE(r);
  CHECK(holds(*r, 1000.1));
  CHECK(!holds(*r, 1000));
  CHECK(parse_threshold("a.b.mean < 1.5s")->request.empty() == false);
}

TEST_CASE("what is no threshold is refused", "[bench]") {
  for (const auto* text : {"", "p99", "p99 < 20", "p99 < ms", "p101 < 1ms", "rate > 5ms", "errors < 1s",
                           "q99 < 1ms", "p99 = 1ms", "mean < -1ms"}) {
    CAPTURE(text);
    CHECK(!parse_threshold(text));
  }
}

TEST_CASE("the search doubles until a rate fails, then halves the gap", "[bench]") {
  constexpr double limit = 7300;
  rate_search search(500, 100'000, 0.02);
  int tries = 0;
  while (!search.is_over() && ++tries < 100) search.tried(search.next(), search.next() <= limit);
  CHECK(search.best() <= limit);
  CHECK(search.best() >= limit * 0.98);
  CHECK(tries < 15);
}

TEST_CASE("the search ends where nothing holds, and where everything does", "[bench]") {
  rate_search none(1000, 10'000, 0.1);
  while (!none.is_over()) none.tried(none.next(), false);
  CHECK(none.best() == 0);
  rate_search all(1000, 10'000, 0.1);
  while (!all.is_over()) all.tried(all.next(), true);
  CHECK(all.best() == 10'000);
}
