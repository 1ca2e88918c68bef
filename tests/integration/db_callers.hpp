// A pool, who asks it and how they fare; and the statements that they ask with.
#pragma once

#include "db/pool.hpp"
#include "integration/contract_sql.hpp"
#include "support/postgres.hpp"
#include "support/wait.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <catch2/catch.hpp>

#include <array>

namespace atelier::db_callers {

using namespace test;
using namespace std::chrono_literals;

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
  insert_elsewhere,
  session
};

inline constexpr std::array statements{
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
    db::statement{"session", "select pg_backend_pid()::bigint, $1::bigint, pg_sleep(0.001)", false},
};

inline db::arguments number(std::int64_t n) {
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
    REQUIRE(becomes_whole());
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
  bool becomes_whole() {
    return wait_until(20s, [&] {
      loop.run_for(10ms);
      return pool.connected() == pool.connections_wanted();
    });
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

// Until it is released nobody reads or writes it.
struct locked_table {
  explicit locked_table(const with_table& t) : session(t.conninfo()) {
    session.run("begin");
    session.run("lock table atelier.written");
  }
  void release() { session.run("commit"); }

  sql session;
};

}  // namespace atelier::db_callers
