// What a worker counts of its database and its process is what happened.
#include "integration/contract_sql.hpp"
#include "support/http_client.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <filesystem>

using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

struct worker {
  std::uint16_t port = free_port();
  std::uint16_t admin = free_port();
  child_process process;

  explicit worker(const std::string& conninfo)
      : process(ATELIER_PROGRAM,
                {"api", "--listen", fmt::format("127.0.0.1:{}", port), "--admin",
                 fmt::format("127.0.0.1:{}", admin), "--db", conninfo, "--db-connections", "2"}) {
    REQUIRE(wait_until(20s, [&] { return is_listening(admin) && metric("db_connections") == 2; }));
    REQUIRE(wait_until(20s, [&] { return metric("cache_usable") == 1; }));
  }

  // A figure of its /metrics, by the rest of its name; -1 if there is none.
  double metric(const std::string& name) const { return figure("atelier_api_" + name); }
  double figure(const std::string& name) const {
    const auto page = fetch(admin, "/metrics").body;
    const auto at = page.find("\n" + name + " ");
    return at == page.npos ? -1 : std::stod(page.substr(at + name.size() + 2));
  }
};

}  // namespace

TEST_CASE("statements, round trips and what waits for the database are counted and timed", "[db]") {
  const test_database database;
  const worker w(database.conninfo());
  const auto sent = w.metric("db_statements_total");
  const std::string meta = R"(database_request_seconds_count{route="/reviews/meta"})";
  CHECK(w.metric(meta) == -1);
  for (int times = 0; times < 3; ++times) CHECK(fetch(w.port, "/reviews/meta?product_id=1").status == 200);
  CHECK(w.metric("db_statements_total") == sent + 1);
  CHECK(w.metric(meta) == 1);  // the others were answered from memory
  CHECK(w.metric(R"(requests_total{route="/reviews/meta",status="2xx"})") == 3);
  CHECK(w.metric("db_statement_seconds_count") == w.metric("db_statements_total"));
  CHECK(w.metric("db_statement_seconds_sum") > 0);
  CHECK(w.metric("db_round_trips_total") >= 1);
  CHECK(w.metric("db_round_trips_total") <= w.metric("db_statements_total"));
  CHECK(w.metric("db_statements_in_flight") == 0);
  CHECK(w.metric("db_connections_opened_total") == 2);
  CHECK(w.metric("db_connections_lost_total") == 0);
}

TEST_CASE("a lost database is counted: its connections, and who asked in vain", "[db]") {
  private_postgres server;
  const test_database database(test_database::content::schema, server);
  const worker w(database.conninfo());
  server.kill();
  CHECK(wait_until(10s, [&] { return w.metric("db_connections_lost_total") == 2; }));
  CHECK(w.metric("db_connections") == 0);
  CHECK(w.metric("db_connections_max") == 2);
  const auto in_vain = w.metric(R"(db_errors_total{kind="unavailable"})");
  CHECK(fetch(w.port, "/reviews/meta?product_id=1").status == 503);
  CHECK(w.metric(R"(db_errors_total{kind="unavailable"})") == in_vain + 1);
  CHECK(w.metric(R"(requests_total{route="/reviews/meta",status="5xx"})") == 1);
  server.start();
  CHECK(wait_until(30s, [&] { return w.metric("db_connections") == 2; }));
  CHECK(w.metric("db_connections_opened_total") == 4);
}

TEST_CASE("a read whose session is ended is answered all the same, and counted as sent again", "[db]") {
  const test_database database;
  const worker w(database.conninfo());
  sql locker(database.conninfo());
  locker.run("begin");
  locker.run("lock table atelier.product_meta");
  sql watcher(database.conninfo());
  http_client client(w.port);
  client.send("GET /reviews/meta?product_id=1 HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(wait_until(10s, [&] { return watcher.run("select count(*)" + waiting_sessions) == "1"; }));
  watcher.run("select pg_terminate_backend(pid)" + waiting_sessions);
  CHECK(wait_until(10s, [&] { return w.metric("db_reads_repeated_total") == 1; }));
  locker.run("commit");
  CHECK(client.read().status == 200);
  CHECK(w.metric(R"(db_errors_total{kind="connection_lost"})") == 0);
}

TEST_CASE("a process says its memory, files and age as the kernel sees them", "[db]") {
  const test_database database;
  const worker w(database.conninfo());
  const std::filesystem::path files = fmt::format("/proc/{}/fd", w.process.pid());
  const auto open_files = [&] {
    return static_cast<double>(
        std::distance(std::filesystem::directory_iterator(files), std::filesystem::directory_iterator()));
  };
  const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  {
    const http_client first(w.port), second(w.port);
    REQUIRE(wait_until(10s, [&] { return w.metric("connections") == 2; }));
    // The connection that asks is open too; that of the time before is closed by now, or the next time.
    CHECK(wait_until(10s, [&] {
      const auto without_asking = open_files();
      return w.figure("process_open_fds") == without_asking + 1;
    }));
  }
  CHECK(w.figure("process_open_fds") <= w.figure("process_max_fds"));
  CHECK(w.figure("process_resident_memory_bytes") > 1e6);
  CHECK(w.figure("process_resident_memory_bytes") < w.figure("process_virtual_memory_bytes"));
  CHECK(w.figure("process_cpu_seconds_total") > 0);
  CHECK(std::abs(w.figure("process_start_time_seconds") - now) < 120);
}
