// A worker whose database is silent, gone, or has a name that must be looked up.
#include "support/http_client.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <thread>

using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

struct worker {
  std::uint16_t port = free_port();
  child_process process;

  explicit worker(const std::string& conninfo, std::vector<std::string> more = {})
      : process(ATELIER_PROGRAM, arguments(conninfo, std::move(more))) {}

  std::vector<std::string> arguments(const std::string& conninfo, std::vector<std::string> more) const {
    more.insert(more.begin(), {"api", "--listen", fmt::format("127.0.0.1:{}", port), "--db", conninfo});
    return more;
  }

  int status(std::string_view path) const {
    try {
      return fetch(port, path).status;
    } catch (const std::runtime_error&) {
      return 0;
    }
  }
  bool becomes(int wanted, std::string_view path = "/ready") const {
    return wait_until(30s, [&] { return status(path) == wanted; });
  }
};

}  // namespace

TEST_CASE("a silent database is noticed while requests keep coming, and its return too", "[db]") {
  private_postgres server;
  const test_database database(test_database::content::schema, server);
  const worker w(database.conninfo(), {"--statement-timeout", "500ms"});
  REQUIRE(w.becomes(200));
  server.pause();
  // A trickle: each request goes out on a connection that already waits.
  std::vector<http_client> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back(w.port, 20s);
    clients.back().send("GET /reviews/meta?product_id=1 HTTP/1.1\r\nHost: h\r\n\r\n");
    std::this_thread::sleep_for(100ms);
  }
  for (auto& client : clients) {
    const auto status = client.read().status;
    CHECK((status == 503 || status == 504));
  }
  CHECK(w.status("/live") == 200);
  server.resume();
  CHECK(w.becomes(200));
}

TEST_CASE("a worker whose database is silent is not ready: 503, and never another error", "[db]") {
  private_postgres server;
  const test_database database(test_database::content::schema, server);
  const worker w(database.conninfo(), {"--statement-timeout", "500ms"});
  REQUIRE(w.becomes(200));
  server.pause();
  auto said = 200;  // for a second after the database's last answer
  CHECK(wait_until(30s, [&] { return (said = w.status("/ready")) != 200; }));
  CHECK(said == 503);
  const auto answer = fetch(w.port, "/ready");
  CHECK(answer.status == 503);
  CHECK(answer.header("Retry-After"));
  CHECK(answer.body == "Error: the database is not available, try again");
  server.resume();
  CHECK(w.becomes(200));
}

TEST_CASE("without a database a request is 503 at once, and all is well when it comes", "[db]") {
  private_postgres server;
  const test_database database(test_database::content::schema, server);
  server.stop();
  const worker w(database.conninfo());
  REQUIRE(w.becomes(200, "/live"));
  CHECK(w.status("/ready") == 503);
  const auto answer = fetch(w.port, "/reviews?product_id=1");
  CHECK(answer.status == 503);
  CHECK(answer.header("Retry-After"));
  server.start();
  CHECK(w.becomes(200));
  CHECK(w.status("/reviews?product_id=1") == 200);
}

TEST_CASE("a database whose name cannot be found leaves the worker alive and says so", "[db]") {
  worker w("host=no-such-host.invalid dbname=shop");
  REQUIRE(w.becomes(200, "/live"));
  CHECK(w.status("/ready") == 503);
  w.process.wait_for("the name of the database's host 'no-such-host.invalid' cannot be found");
  w.process.signal(SIGTERM);
  CHECK(w.process.wait().code == 0);
}
