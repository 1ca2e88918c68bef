// Proxy and workers on one machine, by UNIX sockets.
#include "app/stack/ports.hpp"
#include "integration/contract_sql.hpp"
#include "support/http_client.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

using namespace atelier;
using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

struct house {
  temp_dir folder;
  test_database database{test_database::content::schema};
  std::string path = (folder / "worker").string();
  std::uint16_t port = free_port();

  child_process start_worker() const {
    return child_process(ATELIER_PROGRAM, {"api", "--listen", "unix:" + path, "--db", database.conninfo()});
  }
  child_process start_proxy() const {
    return child_process(ATELIER_PROGRAM, {"lb", "--listen", fmt::format("127.0.0.1:{}", port), "--worker",
                                           "unix:" + path, "--probe-interval", "50ms"});
  }
  bool worker_is_ready() const {
    return wait_until(20s, [&] { return stack::status_of({{}, 0, path}, "/ready", 1s) == 200; });
  }
  bool becomes(int status) const {
    return wait_until(20s, [&] { return fetch(port, "/reviews?product_id=1").status == status; });
  }
};

}  // namespace

TEST_CASE("a proxy reaches a worker by its UNIX socket, and again when it has died and is back", "[lb]") {
  const house here;
  auto worker = here.start_worker();
  REQUIRE(here.worker_is_ready());
  auto proxy = here.start_proxy();
  REQUIRE(wait_until(20s, [&] { return is_listening(here.port); }));
  CHECK(here.becomes(200));
  worker.signal(SIGKILL);
  worker.wait();
  CHECK(here.becomes(503));
  auto other = here.start_worker();  // in the place of the file that the dead one left behind
  CHECK(here.becomes(200));
}

TEST_CASE("a worker's UNIX socket is for its user and group, is not taken from it, and goes with it",
          "[lb]") {
  const house here;
  auto worker = here.start_worker();
  REQUIRE(here.worker_is_ready());
  struct stat entry {};
  REQUIRE(stat(here.path.c_str(), &entry) == 0);
  CHECK((entry.st_mode & 0777) == 0660);

  auto second = here.start_worker();
  const auto refused = second.wait();
  CHECK(refused.code == 1);
  CHECK_THAT(refused.errors, Catch::Contains(here.path + " is in use"));
  CHECK(here.worker_is_ready());

  worker.signal(SIGTERM);
  CHECK(worker.wait().code == 0);
  CHECK(stat(here.path.c_str(), &entry) != 0);
}

TEST_CASE("a worker that drains does not take away the socket of the one that came in its place", "[lb]") {
  const house here;
  auto old_one = here.start_worker();
  REQUIRE(here.worker_is_ready());
  // A lock that the old one's last request waits for, so that it drains until we say.
  sql locker(here.database.conninfo());
  locker.run(
      "insert into atelier.reviews (product_id, id, date, rating, recommend, summary, body, reviewer_name)"
      " values (1, 1, now(), 5, true, '', '', '')");
  locker.run("begin");
  locker.run("select from atelier.reviews for update");
  http_client slow(here.path);
  slow.send("PUT /reviews/1/helpful HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n\r\n");
  REQUIRE(wait_until(
      10s, [&] { return sql(here.database.conninfo()).run("select count(*)" + waiting_sessions) == "1"; }));
  old_one.signal(SIGTERM);
  struct stat entry {};
  REQUIRE(wait_until(10s, [&] { return stat(here.path.c_str(), &entry) != 0; }));  // it takes no client more
  auto new_one = here.start_worker();
  REQUIRE(here.worker_is_ready());
  locker.run("commit");
  CHECK(slow.read().status == 204);
  CHECK(old_one.wait().code == 0);
  CHECK(stack::status_of({{}, 0, here.path}, "/ready", 1s) == 200);
}

TEST_CASE("a folder that cannot be written to is named", "[lb]") {
  const auto refused =
      run_program(ATELIER_PROGRAM, {"lb", "--listen", "unix:/proc/nobody/may", "--worker", "127.0.0.1:1"});
  CHECK(refused.code == 1);
  CHECK_THAT(refused.errors, Catch::Contains("unix:/proc/nobody/may"));
}
