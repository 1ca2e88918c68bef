// The tests' own tools hold what they promise.
#include "db/session.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"

#include <catch2/catch.hpp>

using namespace atelier;
using namespace std::chrono_literals;

TEST_CASE("a test's database has the schema and is gone afterwards", "[support]") {
  std::string conninfo;
  {
    const test::test_database database;
    conninfo = database.conninfo();
    auto session = db::session::open(conninfo, "test");
    REQUIRE(session);
    CHECK(session->run("select count(*) from atelier.schema_migrations")->number(0, 0) > 0);
  }
  CHECK_FALSE(db::session::open(conninfo, "test"));
}

TEST_CASE("a private PostgreSQL survives stop, kill and pause", "[support]") {
  test::private_postgres server;
  const auto answers = [&] {
    return PQping((server.conninfo() + " connect_timeout=2").c_str()) == PQPING_OK;
  };
  server.stop();
  CHECK_FALSE(answers());
  server.start();
  server.kill();
  CHECK_FALSE(answers());
  server.start();
  server.pause();
  CHECK_FALSE(answers());
  server.resume();
  CHECK(answers());
}

TEST_CASE("a program's output, errors and code come back", "[support]") {
  const auto done = test::run_program("/bin/sh", {"-c", "echo out; echo err >&2; exit 3"});
  CHECK(done.code == 3);
  CHECK(done.output == "out\n");
  CHECK(done.errors == "err\n");
  CHECK_THROWS(test::child_process("/bin/sleep", {"5"}).wait(20ms));
  CHECK_THROWS(test::child_process("/no/such/program", {}));
}
