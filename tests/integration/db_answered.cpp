// What a pool knows of its server without asking.
#include "integration/db_callers.hpp"

using namespace atelier;
using namespace atelier::db_callers;

TEST_CASE("a pool knows that it was answered lately, also with a full line, and not of a server that is gone",
          "[db]") {
  private_postgres server;
  const with_table t(server);
  auto options = callers::patient();
  options.waiting_max = 1;
  callers c(t.conninfo(), options);
  CHECK_FALSE(c.pool.has_answered_within(1h));
  int answered = 0;
  int overloaded = 0;
  for (int i = 0; i < 3; ++i)
    c.ask_for(echo_number, number(i), [&](const db::outcome& o) {
      (o ? answered : overloaded)++;
      if (!o) CHECK(o.error().what == db::errc::overloaded);
    });
  REQUIRE(c.finish());
  CHECK(answered == 1);
  CHECK(overloaded == 2);
  CHECK(c.pool.has_answered_within(1h));
  CHECK_FALSE(c.pool.has_answered_within(0s));
  server.kill();
  CHECK(wait_until(20s, [&] {
    c.loop.run_for(10ms);
    return !c.pool.has_answered_within(1h);
  }));
}
