// What an operator meets: liveness, readiness, proof of ownership, metrics, and a database that is gone or
// slow.
#include "contract_house.hpp"
#include "contract_sql.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <thread>

namespace atelier::test {
namespace {

using namespace std::chrono_literals;

// A worker of the case's own, over any database.
class lone_worker {
 public:
  explicit lone_worker(const std::string& conninfo, std::vector<std::string> more = {})
      : port(free_port()),
        admin(free_port()),
        process_(ATELIER_PROGRAM, arguments(conninfo, std::move(more))) {
    if (!wait_until(20s, [this] { return is_listening(port) || !process_.running(); }) ||
        !process_.running()) {
      throw std::runtime_error("the worker does not listen: " + process_.errors());
    }
  }

  http_answer get(const std::string& target) const { return fetch(port, target); }
  bool becomes_ready() const {
    return wait_until(20s, [this] { return get("/ready").status == 200; });
  }
  std::string errors() const { return process_.errors(); }

  std::uint16_t port;
  std::uint16_t admin;

 private:
  std::vector<std::string> arguments(const std::string& conninfo, std::vector<std::string> more) const {
    std::vector<std::string> all = {"api",
                                    "--listen",
                                    fmt::format("127.0.0.1:{}", port),
                                    "--admin",
                                    fmt::format("127.0.0.1:{}", admin),
                                    "--db",
                                    conninfo,
                                    "--db-connections",
                                    "2"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  child_process process_;
};

void apply_schema(const std::string& conninfo) {
  const finished done = run_program(ATELIER_PROGRAM, {"schema", "apply", "--db", conninfo});
  if (done.code != 0) throw std::runtime_error(done.errors);
}

// A review that is there, in a worker's own database.
std::string posted_review(const lone_worker& w) {
  http_client client(w.port);
  const http_answer a = client.post("/reviews", valid_review(1).text());
  REQUIRE(a.status == 201);
  return location_of(a);
}

void check_unavailable(const http_answer& a) {
  CHECK(a.status == 503);
  CHECK_THAT(a.header("Retry-After").value_or("(none)"), Catch::Matchers::Matches("[1-9][0-9]*"));
  CHECK(a.body.rfind("Error: ", 0) == 0);
  CHECK(a.body.find('\n') == std::string::npos);
  CHECK(a.header("Access-Control-Allow-Origin") == "*");
}

std::chrono::nanoseconds time_of(const std::function<http_answer()>& request) {
  const auto start = std::chrono::steady_clock::now();
  request();
  return std::chrono::steady_clock::now() - start;
}

// The fastest of many beside the fastest of what waits for nothing, by turns, so that a busy machine is as
// busy for both: whoever waits for the database or for a timer waits each time, and tens of times as long.
bool takes_no_longer_than_live(http_client& client, const std::function<http_answer()>& request) {
  auto fastest = std::chrono::nanoseconds::max();
  auto fastest_live = fastest;
  for (int i = 0; i < 41; ++i) {
    fastest = std::min(fastest, time_of(request));
    fastest_live = std::min(fastest_live, time_of([&] { return client.get("/live"); }));
  }
  return fastest < 20 * fastest_live;
}

}  // namespace

TEST_CASE("a worker that serves is live and ready", "[contract]") {
  house& h = house::open();
  for (const int worker : {0, 1}) {
    for (const std::string target : {"/live", "/ready", "/live/", "/ready/"}) {
      INFO(target);
      CHECK(fetch(h.worker_port(worker), target).status == 200);
    }
  }
}

TEST_CASE("a verify token is served on its four paths and no other", "[contract]") {
  house& h = house::open();
  for (const std::string& token : {std::string(house::verify_token), std::string("second-token")}) {
    for (const std::string tail : {"", "/", ".txt", ".html"}) {
      INFO(token << tail);
      const http_answer a = h.get("/" + token + tail);
      CHECK(a.status == 200);
      CHECK(a.body == token);
      CHECK(h.send("HEAD", "/" + token + tail).status == 200);
    }
    for (const std::string tail : {".json", "x", "/x", ".TXT"}) {
      INFO(token << tail);
      CHECK(h.get("/" + token + tail).status == 404);
    }
    CHECK(h.send("POST", "/" + token).status == 405);
    CHECK(h.send("OPTIONS", "/" + token).status == 204);
  }
  CHECK(h.get("/third-token").status == 404);
}

TEST_CASE("every worker describes the contract at /openapi.json and /docs", "[contract]") {
  house& h = house::open();
  const http_answer specification = h.get("/openapi.json");
  REQUIRE(specification.status == 200);
  CHECK(header(specification, "Content-Type").rfind("application/json", 0) == 0);
  const json j(specification.body);
  CHECK(std::string_view(j["/openapi"].get_string()).substr(0, 4) == "3.1.");
  for (const std::string path : {"/reviews", "/reviews/meta", "/qa/questions"}) {
    std::string escaped;
    for (const char c : path) escaped += c == '/' ? std::string("~1") : std::string(1, c);  // RFC 6901
    INFO(path);
    CHECK(j.has("/paths/" + escaped));
  }
  CHECK(h.get("/openapi.json", {}, 1).body == specification.body);
  const http_answer page = h.get("/docs");
  CHECK(page.status == 200);
  CHECK(header(page, "Content-Type").rfind("text/html", 0) == 0);
}

TEST_CASE("metrics are on the admin address only", "[contract]") {
  house& h = house::open();
  CHECK(fetch(h.worker_port(0), "/metrics").status == 404);
  const http_answer metrics = fetch(h.admin_port(0), "/metrics");
  CHECK(metrics.status == 200);
  CHECK(metrics.header("Content-Type").value_or("").rfind("text/plain", 0) == 0);
  CHECK_THAT(metrics.body, Catch::Contains("# TYPE "));
  CHECK(fetch(h.admin_port(0), "/reviews?product_id=1").status == 404);
}

TEST_CASE("a worker without its database is live, not ready, and says 503 at once", "[contract]") {
  const temp_dir nowhere;
  const lone_worker w("host=" + nowhere.path().string());
  CHECK(w.get("/live").status == 200);
  CHECK(w.get("/ready").status == 503);
  http_client client(w.port);
  for (const std::string target : {"/reviews?product_id=1", "/reviews/meta?product_id=1", "/reviews/1",
                                   "/qa/questions?product_id=1", "/qa/questions/1/answers"}) {
    INFO(target);
    const http_answer a = client.get(target);
    check_unavailable(a);
    CHECK_THAT(a.body, !Catch::Contains(nowhere.path().string()));
    CHECK(takes_no_longer_than_live(client, [&] { return client.get(target); }));
  }
  const std::vector<std::function<http_answer()>> writes = {
      [&] { return client.put("/reviews/1/helpful"); },
      [&] { return client.post("/reviews", valid_review(1).text()); },
      [&] { return client.post("/qa/questions", valid_question(1).text()); }};
  for (const auto& write : writes) {
    check_unavailable(write());
    CHECK(takes_no_longer_than_live(client, write));
  }
  // What needs no database is answered as ever.
  CHECK(w.get("/reviews").status == 422);
  CHECK(client.post("/reviews", "{}").status == 422);
}

TEST_CASE("a database that goes and comes back costs 503 in between, and no restart", "[contract]") {
  private_postgres server;
  test_database database(test_database::content::nothing, server);
  apply_schema(database.conninfo());
  const lone_worker w(database.conninfo());
  REQUIRE(w.becomes_ready());
  const std::string review = posted_review(w);
  server.kill();
  CHECK(wait_until(10s, [&w] { return w.get("/ready").status == 503; }));
  check_unavailable(w.get(review));
  http_client client(w.port);
  check_unavailable(client.put(review + "/helpful"));
  server.start();
  CHECK(w.becomes_ready());
  CHECK(wait_until(10s, [&] { return w.get(review).status == 200; }));
  CHECK(fetch(w.port, review).body.find(R"("helpfulness":0)") != std::string::npos);
}

TEST_CASE("a write whose outcome is unknown is 503 and says that it may have been applied", "[contract]") {
  const test_database database;
  const lone_worker w(database.conninfo());
  REQUIRE(w.becomes_ready());
  const std::string review = posted_review(w);
  // The vote waits behind our lock until its backend is terminated under it.
  sql holder(database.conninfo());
  holder.run("begin");
  holder.run("lock table reviews in share mode");
  std::optional<http_answer> vote;
  std::thread voter([&] {
    try {
      vote = http_client(w.port).put(review + "/helpful");
    } catch (const std::runtime_error&) {  // stays without an answer
    }
  });
  sql watcher(database.conninfo());
  const bool is_waiting =
      wait_until(10s, [&] { return watcher.run("select count(*)" + waiting_sessions) != "0"; });
  watcher.run("select pg_terminate_backend(pid)" + waiting_sessions);
  voter.join();
  holder.run("rollback");
  CHECK(is_waiting);
  REQUIRE(vote.has_value());
  check_unavailable(*vote);
  CHECK_THAT(vote->body, Catch::Contains("may have been applied"));
  CHECK(w.becomes_ready());
  CHECK(fetch(w.port, review).body.find(R"("helpfulness":0)") != std::string::npos);  // here it was not
}

TEST_CASE("a database that is too slow is 504", "[contract]") {
  const test_database database;
  const lone_worker w(database.conninfo());
  REQUIRE(w.becomes_ready());
  sql holder(database.conninfo());
  holder.run("begin");
  holder.run("lock table reviews in access exclusive mode");
  http_client client(w.port, 40s);
  const http_answer a = client.get("/reviews?product_id=1");
  CHECK(a.status == 504);
  CHECK(a.body.rfind("Error: ", 0) == 0);
  holder.run("rollback");
  CHECK(wait_until(20s, [&w] { return w.get("/reviews?product_id=1").status == 200; }));
}

}  // namespace atelier::test
