// The pool against a real server that errs, stops, and loses its sessions in the middle of a turn: every
// caller is answered exactly once, and rightly.
#include "integration/db_callers.hpp"

#include <fmt/format.h>

#include <random>

using namespace atelier;
using namespace atelier::db_callers;

namespace {

// Every session but the one that asks.
void terminate_sessions(const std::string& conninfo) {
  sql(conninfo).run(
      "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and "
      "pid <> "
      "pg_backend_pid()");
}

}  // namespace

TEST_CASE("an error among neighbours reaches its own caller only", "[db]") {
  const with_table t;
  callers c(t.conninfo());
  int wrong = 0;
  int failed = 0;
  for (int i = 0; i < 2000; ++i) {
    const int divisor = i % 7;
    c.ask_for(divide, number(divisor), [&, divisor](const db::outcome& o) {
      if (divisor == 0)
        failed += !o && o.error().what == db::errc::rejected && o.error().sqlstate == "22012";
      else
        wrong += !o || o->int8(0, 0) != 100 / divisor;
    });
  }
  REQUIRE(c.finish());
  CHECK(wrong == 0);
  CHECK(failed == 286);
}

TEST_CASE("reads that are gathered into one statement get their own rows, and an error its own caller",
          "[db]") {
  const with_table t;
  callers c(t.conninfo());
  int right = 0;
  int failed = 0;
  const auto ask_for_quotient = [&](std::int64_t of, std::int64_t by) {
    db::arguments with;
    with.add_int8(by).add_int8(of);
    c.ask_for(
        quotients, std::move(with),
        [&, of, by](const db::outcome& o) {
          if (by == 0) {
            failed += !o && o.error().what == db::errc::rejected && o.error().sqlstate == "22012";
            return;
          }
          bool mine = o && o->size() == of / by;
          for (int row = 0; mine && row < o->size(); ++row)
            mine = o->int8(row, 0) == of / by && o->int8(row, 1) == row + 1;
          right += mine;
        },
        static_cast<std::uint64_t>(of));  // those with one dividend may share
  };
  for (int i = 0; i < 2000; ++i) ask_for_quotient(10 + i % 3, 1 + i % 20);
  REQUIRE(c.finish());
  CHECK(right == 2000);
  const auto sent = c.pool.counted().statements;
  CHECK(sent + c.pool.counted().gathered == 2000);
  CHECK(sent < 1000);
  for (int i = 0; i < 300; ++i) ask_for_quotient(12, i % 30);
  REQUIRE(c.finish());
  CHECK(right == 2290);
  CHECK(failed == 10);
}

TEST_CASE("what the loop comes to next shares the turn of a read that it came to first", "[db]") {
  const with_table t;
  callers c(t.conninfo());
  int right = 0;
  const auto judge = [&](const db::outcome& o) { right += o && o->int8(0, 0) == 1; };
  c.ask_for(echo_number, number(1), judge);
  asio::post(c.loop, [&] { asio::post(c.loop, [&] { c.ask_for(echo_number, number(1), judge); }); });
  c.loop.poll();
  REQUIRE(c.finish());
  CHECK(right == 2);
  CHECK(c.pool.counted().round_trips == 1);
}

TEST_CASE("on one machine a read waits for the turn under way, and shares the next one", "[db]") {
  const with_table t;
  callers c(t.conninfo());
  int shared = 0;
  for (int i = 0; i < 50; ++i) {
    std::vector<std::int64_t> asked;
    const auto note = [&](const db::outcome& o) { asked.push_back(o ? o->int8(0, 0) : 0); };
    c.ask_for(session, number(i), note);
    c.loop.poll();  // it is sent now, and takes a millisecond
    c.ask_for(session, number(i), note);
    REQUIRE(c.finish());
    shared += asked.size() == 2 && asked[0] == asked[1];
  }
  CHECK(shared > 25);  // all, but where the machine let us wait until our patience was over
}

TEST_CASE("reads that a turn kept waiting wait on for the next of those who had been in it", "[db]") {
  const with_table t;
  callers c(t.conninfo());
  int together = 0;
  for (int i = 0; i < 50; ++i) {
    const auto before = c.pool.counted().round_trips;
    const auto ignore = [](const db::outcome&) {};
    c.ask_for(session, number(i), [&](const db::outcome&) { c.ask_for(session, number(i), ignore); });
    c.loop.poll();  // it is sent now, and takes a millisecond
    c.ask_for(session, number(i), ignore);
    c.ask_for(session, number(i), ignore);
    REQUIRE(c.finish());
    together += c.pool.counted().round_trips - before == 2;
  }
  CHECK(together > 25);  // all, but where the machine let us wait until our patience was over
}

TEST_CASE("a write that fails takes no other write with it", "[db]") {
  const with_table t;
  callers c(t.conninfo());
  int done = 0;
  for (int i = 0; i < 300; ++i)
    c.ask_for(insert_checked, number(i % 3), [&](const db::outcome& o) { done += bool(o); });
  REQUIRE(c.finish());
  CHECK(done == 200);
  CHECK(t.rows() == 200);
}

TEST_CASE("answers larger than any buffer come whole, between small ones", "[db]") {
  const with_table t;
  callers c(t.conninfo());
  int right = 0;
  for (int i = 0; i < 30; ++i) {
    c.ask_for(repeat, number(4'000'000),
              [&](const db::outcome& o) { right += o && o->text(0, 0).size() == 4'000'000; });
    c.ask_for(echo_number, number(i), [&, i](const db::outcome& o) { right += o && o->int8(0, 0) == i; });
  }
  REQUIRE(c.finish());
  CHECK(right == 60);
}

TEST_CASE("megabytes both ways at once do not stand in each other's way", "[db]") {
  const with_table t;
  callers c(t.conninfo());
  const std::string large(4'000'000, 'y');
  int right = 0;
  for (int i = 0; i < 24; ++i) {
    db::arguments with;
    with.add_text(large);
    c.ask_for(echo_text, std::move(with),
              [&](const db::outcome& o) { right += o && o->text(0, 0) == large; });
  }
  REQUIRE(c.finish());
  CHECK(right == 24);
}

TEST_CASE(
    "when all sessions are ended in the middle of a turn all are told, and no write is done twice or lost",
    "[db]") {
  const with_table t;
  callers c(t.conninfo());
  int reads_lost = 0;
  int written = 0;
  int unknown = 0;
  int refused = 0;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 60; ++i) {
      c.ask_for(nap, number(i), [&, i](const db::outcome& o) {
        // Sent once more; only when no connection was left at all is it told so.
        reads_lost +=
            o ? o->int8(0, 0) != i
              : o.error().what != db::errc::unavailable && o.error().what != db::errc::connection_lost;
      });
      c.ask_for(insert, number(i), [&](const db::outcome& o) {
        if (o)
          ++written;
        else if (o.error().may_have_run)
          ++unknown;
        else
          ++refused;
      });
    }
    c.loop.run_for(60ms);
    terminate_sessions(t.conninfo());
    REQUIRE(c.finish());
    REQUIRE(c.becomes_whole());
  }
  CHECK(reads_lost == 0);
  CHECK(written + unknown + refused == 300);
  CHECK(unknown > 0);
  const auto rows = t.rows();
  CHECK(rows >= written);
  CHECK(rows <= written + unknown);
}

TEST_CASE("a server that stops answers everybody, and serves again when it is back", "[db]") {
  private_postgres server;
  const with_table t(server);
  callers c(t.conninfo());
  for (int i = 0; i < 200; ++i) c.ask_for(nap, number(i), [](const db::outcome&) {});
  c.loop.run_for(30ms);
  server.kill();
  REQUIRE(c.finish());
  bool unavailable = false;
  c.ask_for(echo_number, number(1),
            [&](const db::outcome& o) { unavailable = !o && o.error().what == db::errc::unavailable; });
  REQUIRE(c.finish(1s));
  CHECK(unavailable);
  server.start();
  REQUIRE(wait_until(120s, [&] {
    c.loop.run_for(10ms);
    return c.pool.connected() == 3;
  }));
  std::int64_t back = 0;
  c.ask_for(echo_number, number(42), [&](const db::outcome& o) { back = o ? o->int8(0, 0) : -1; });
  REQUIRE(c.finish());
  CHECK(back == 42);
}

TEST_CASE("beyond the queue a caller is told at once that it is full", "[db]") {
  const with_table t;
  db::pool_options options;
  options.waiting_max = 8;
  callers c(t.conninfo(), options);
  int full = 0;
  int right = 0;
  for (int i = 0; i < 100; ++i)
    c.ask_for(nap, number(i), [&](const db::outcome& o) {
      full += !o && o.error().what == db::errc::overloaded;
      right += bool(o);
    });
  REQUIRE(c.finish());
  CHECK(full > 0);
  CHECK(right >= 8);
  CHECK(full + right == 100);
}
