// The pool where the server takes too long: who is told so when, and who does not wait behind it.
#include "integration/db_callers.hpp"

using namespace atelier;
using namespace atelier::db_callers;

TEST_CASE("the server cancels what takes too long, and its neighbours do not mind", "[db]") {
  const with_table t;
  db::pool_options options;
  options.statement_timeout = 5ms;
  callers c(t.conninfo(), options);
  int late = 0;
  int right = 0;
  for (int i = 0; i < 40; ++i) {
    c.ask_for(nap, number(i),
              [&](const db::outcome& o) { late += !o && o.error().what == db::errc::timed_out; });
    c.ask_for(echo_number, number(i), [&, i](const db::outcome& o) { right += o && o->int8(0, 0) == i; });
  }
  REQUIRE(c.finish());
  CHECK(late == 40);
  CHECK(right == 40);
}

TEST_CASE("whoever asks for what is locked is told so together, and the others are answered meanwhile",
          "[db]") {
  const with_table t;
  db::pool_options options = callers::patient();
  options.statement_timeout = 1s;
  callers c(t.conninfo(), options);
  locked_table lock(t);
  int late = 0;
  for (int i = 0; i < 30; ++i)
    c.ask_for(
        written, number(i),
        [&](const db::outcome& o) { late += !o && o.error().what == db::errc::timed_out; }, 1);
  REQUIRE(c.finish());
  CHECK(late == 30);
  CHECK(c.pool.counted().statements < 10);
  // From now on they wait apart, and as many as may be in flight hold up one connection.
  for (int i = 0; i < 30; ++i)
    c.ask_for(
        written, number(i), [](const db::outcome&) {}, 1);
  c.loop.run_for(10ms);
  int right = 0;
  int done = 0;
  const auto answered_before = c.answered;
  for (int i = 0; i < 60; ++i)
    c.ask_for(echo_number, number(i), [&, i](const db::outcome& o) { right += o && o->int8(0, 0) == i; });
  c.ask_for(insert_elsewhere, number(1), [&](const db::outcome& o) { done += o.has_value(); });
  REQUIRE(wait_until(60s, [&] {
    c.loop.run_for(1ms);
    return right == 60 && done == 1;
  }));
  CHECK(c.answered - answered_before == 61);
  REQUIRE(c.finish());
  lock.release();
  // One that is answered shows that it is over.
  int found = 0;
  for (int i = 0; i < 30; ++i)
    c.ask_for(
        written, number(i), [&](const db::outcome& o) { found += o && o->int8(0, 0) == 0; }, 1);
  REQUIRE(c.finish());
  CHECK(found == 30);
}

TEST_CASE("nobody waits for a turn that takes longer than turns do", "[db]") {
  const with_table t;
  callers c(t.conninfo());
  locked_table lock(t);
  bool found = false;
  bool echoed = false;
  c.ask_for(written, number(1), [&](const db::outcome& o) { found = o.has_value(); });
  c.loop.poll();
  c.ask_for(echo_number, number(7), [&](const db::outcome& o) { echoed = o && o->int8(0, 0) == 7; });
  CHECK(wait_until(20s, [&] {
    c.loop.run_for(1ms);
    return echoed;
  }));
  CHECK_FALSE(found);
  lock.release();
  REQUIRE(c.finish());
  CHECK(found);
}

TEST_CASE("writes to what is locked hold up no other writes, once one was cancelled", "[db]") {
  const with_table t;
  db::pool_options options = callers::patient();
  options.statement_timeout = 1s;
  callers c(t.conninfo(), options);
  locked_table lock(t);
  c.ask_for(insert, number(1), [](const db::outcome&) {});
  REQUIRE(c.finish());
  int late = 0;
  for (int i = 0; i < 3; ++i)
    c.ask_for(insert, number(i), [&](const db::outcome& o) { late += !o.has_value(); });
  c.loop.run_for(10ms);
  int done = 0;
  for (int i = 0; i < 20; ++i)
    c.ask_for(insert_elsewhere, number(i), [&](const db::outcome& o) { done += o.has_value(); });
  REQUIRE(wait_until(60s, [&] {
    c.loop.run_for(1ms);
    return done == 20;
  }));
  CHECK(late == 0);
  REQUIRE(c.finish());
  CHECK(late == 3);
  lock.release();
  c.ask_for(insert, number(1), [&](const db::outcome& o) { done += o.has_value(); });
  REQUIRE(c.finish());
  CHECK(done == 21);
  CHECK(t.rows() == 1);
}

TEST_CASE("who waits in vain for a connection is told in time, and nothing is sent for him", "[db]") {
  const with_table t;
  db::pool_options options = callers::patient();
  options.waiting_timeout = 100ms;
  callers c(t.conninfo(), options);
  locked_table lock(t);
  int found = 0;
  for (int i = 0; i < 3; ++i) {
    c.ask_for(written, number(i), [&](const db::outcome& o) { found += o && o->int8(0, 0) == 0; });
    c.loop.run_for(1ms);
  }
  REQUIRE(wait_until(60s, [&] {
    c.loop.run_for(5ms);
    return c.pool.counted().statements == 3;
  }));
  int late = 0;
  const auto note = [&](const db::outcome& o) {
    late += !o && o.error().what == db::errc::timed_out && !o.error().may_have_run;
  };
  c.ask_for(echo_number, number(1), note);
  c.ask_for(insert, number(1), note);
  REQUIRE(wait_until(60s, [&] {
    c.loop.run_for(5ms);
    return late == 2;
  }));
  CHECK(c.pool.counted().statements == 3);
  lock.release();
  REQUIRE(c.finish());
  CHECK(found == 3);
  CHECK(t.rows() == 0);
}
