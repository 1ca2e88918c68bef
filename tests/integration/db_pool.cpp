// The pool against a real server that errs, stops, and loses its sessions in the middle of a turn: every
// caller is answered exactly once, and rightly.
#include "db/pool.hpp"
#include "integration/contract_sql.hpp"
#include "support/postgres.hpp"
#include "support/wait.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <array>
#include <random>

using namespace atelier;
using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

enum ask : std::size_t {
  echo_number,
  divide,
  repeat,
  echo_text,
  nap,
  insert,
  insert_checked,
  quotients,
  written,
  insert_elsewhere
};

constexpr std::array statements{
    db::statement{"echo_number", "select $1::bigint", false},
    db::statement{"divide", "select 100 / $1::bigint", false},
    db::statement{"repeat", "select repeat('x', $1::bigint::integer)", false},
    db::statement{"echo_text", "select $1::text", false},
    db::statement{"nap", "select $1::bigint, pg_sleep(0.02)", false},
    db::statement{"insert", "insert into written (id) values ($1::bigint) returning id, pg_sleep(0.005)",
                  true},
    db::statement{"insert_checked", "insert into written (id) values (100 / $1::bigint) returning id", true},
    // As many rows as the quotient says: one caller has none, another many.
    db::statement{
        "quotients",
        "select $2::bigint / $1::bigint, n from generate_series(1, $2::bigint / $1::bigint) n order by n",
        false,
        "select place, $2::bigint / id, n from unnest($1::bigint[]) with ordinality as asked(id, place),"
        " generate_series(1, $2::bigint / id) n order by place, n"},
    db::statement{"written", "select count(*) from written where id = $1::bigint", false,
                  "select place, (select count(*) from written where id = asked.id)"
                  " from unnest($1::bigint[]) with ordinality as asked(id, place) order by place"},
    db::statement{"insert_elsewhere", "insert into elsewhere (id) values ($1::bigint)", true},
};

db::arguments number(std::int64_t n) {
  db::arguments with;
  with.add_int8(n);
  return with;
}

// A pool on a loop of its own, and how its callers fared.
struct callers {
  asio::io_context loop;
  db::pool pool;
  std::size_t asked = 0;
  std::size_t answered = 0;

  explicit callers(const std::string& conninfo, db::pool_options options = patient())
      : pool(loop, with(conninfo, std::move(options))) {
    pool.start();
    REQUIRE(wait_until(20s, [&] {
      loop.run_for(10ms);
      return pool.connected() == 3;
    }));
  }
  ~callers() {
    pool.stop();
    loop.run_for(2s);
  }
  // Patient, unless a case is about being late: the machine may be slow.
  static db::pool_options patient() {
    db::pool_options options;
    options.statement_timeout = 60s;
    options.answer_timeout = 61s;
    return options;
  }
  static db::pool_options with(const std::string& conninfo, db::pool_options options) {
    options.conninfo = conninfo;
    options.statements = statements;
    return options;
  }

  template <class F>
  void ask_for(std::size_t what, db::arguments arguments, F judge, std::uint64_t kind = 0) {
    ++asked;
    asio::co_spawn(loop, one(what, std::move(arguments), std::move(judge), kind), asio::detached);
  }
  template <class F>
  task<> one(std::size_t what, db::arguments arguments, F judge, std::uint64_t kind) {
    const auto outcome = co_await pool.run(what, std::move(arguments), kind);
    ++answered;
    judge(outcome);
  }
  // Until all are answered, or something is to be done meanwhile.
  bool finish(std::chrono::milliseconds at_most = 120s) {
    return wait_until(at_most, [&] {
      loop.run_for(5ms);
      return answered == asked;
    });
  }
};

struct with_table {
  test_database database;
  explicit with_table(private_postgres& server = shared_postgres())
      : database(test_database::content::schema, server) {
    sql(database.conninfo())
        .run("create table atelier.written (id bigint); create table atelier.elsewhere (id bigint)");
  }
  std::string conninfo() const { return database.conninfo(); }
  long long rows() const { return std::stoll(sql(conninfo()).run("select count(*) from atelier.written")); }
};

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

TEST_CASE("sessions that are ended in the middle of a turn cost no read, and no write is done twice or lost",
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
    REQUIRE(wait_until(20s, [&] {
      c.loop.run_for(10ms);
      return c.pool.connected() == 3;
    }));
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
  sql locker(t.conninfo());
  locker.run("begin");
  locker.run("lock table atelier.written");
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
  locker.run("commit");
  // One that is answered shows that it is over.
  int found = 0;
  for (int i = 0; i < 30; ++i)
    c.ask_for(
        written, number(i), [&](const db::outcome& o) { found += o && o->int8(0, 0) == 0; }, 1);
  REQUIRE(c.finish());
  CHECK(found == 30);
}

TEST_CASE("writes to what is locked hold up no other writes, once one was cancelled", "[db]") {
  const with_table t;
  db::pool_options options = callers::patient();
  options.statement_timeout = 1s;
  callers c(t.conninfo(), options);
  sql locker(t.conninfo());
  locker.run("begin");
  locker.run("lock table atelier.written");
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
  locker.run("commit");
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
  sql locker(t.conninfo());
  locker.run("begin");
  locker.run("lock table atelier.written");
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
  locker.run("commit");
  REQUIRE(c.finish());
  CHECK(found == 3);
  CHECK(t.rows() == 0);
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
