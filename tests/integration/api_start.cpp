// A worker that starts before its database answers.
#include "support/http_client.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace atelier::test;
using namespace std::chrono_literals;

TEST_CASE("a worker is live from its start on, and what needs the database waits for its first connection",
          "[api]") {
  private_postgres server;
  const test_database database(test_database::content::schema, server);
  const auto port = free_port();
  server.pause();
  child_process worker(ATELIER_PROGRAM, {"api", "--listen", fmt::format("127.0.0.1:{}", port), "--db",
                                         database.conninfo(), "--cache-mb", "0"});
  worker.wait_for("serving");
  http_client early(port, 30s);
  early.send("GET /reviews?product_id=1 HTTP/1.1\r\nHost: h\r\n\r\n");
  http_client ready(port, 30s);
  ready.send("GET /ready HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto live = fetch(port, "/live").status;
  server.resume();
  CHECK(live == 200);
  CHECK(early.read().status == 200);
  CHECK(ready.read().status == 200);
}
