// A request that failed by a fault of ours, or whose outcome nobody knows, is found in the worker's log by
// the id that its answer has; the access log is off, as it is by default.
#include "contract_sql.hpp"
#include "support/http_client.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <sstream>
#include <thread>

using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

struct worker {
  test_database database{test_database::content::schema};
  std::uint16_t port = free_port();
  child_process process{ATELIER_PROGRAM,
                        {"api", "--listen", fmt::format("127.0.0.1:{}", port), "--db", database.conninfo()}};

  worker() {
    REQUIRE(wait_until(20s, [&] { return is_listening(port) && fetch(port, "/ready").status == 200; }));
  }

  // The lines of its log that hold the text, as soon as there is one.
  std::vector<std::string> lines(const std::string& text) const {
    std::vector<std::string> found;
    wait_until(5s, [&] {
      found.clear();
      std::istringstream log(process.errors());
      for (std::string line; std::getline(log, line);)
        if (line.find(text) != line.npos) found.push_back(line);
      return !found.empty();
    });
    return found;
  }
};

const std::string question = R"({"product_id":1,"body":"b","name":"n","email":"a@b"})";

}  // namespace

TEST_CASE("a 500 is a line of the log with the id of its answer, its route and why", "[api]") {
  const worker w;
  sql(w.database.conninfo())
      .run(
          "create function atelier.no() returns trigger language plpgsql as 'begin raise ''no''; end';"
          "create trigger no before insert on atelier.questions for each row execute function atelier.no()");
  http_client client(w.port);
  for (const std::string id : {"look-for-me", ""}) {
    const http_headers headers = id.empty() ? http_headers{} : http_headers{{"X-Request-Id", id}};
    const auto answer = client.post("/qa/questions", question, headers);
    CHECK(answer.status == 500);
    const auto said = answer.header("X-Request-Id").value_or("");
    CHECK((id.empty() ? !said.empty() : said == id));
    const auto found = w.lines("request_id=" + said + " ");
    REQUIRE(found.size() == 1);
    CHECK_THAT(found[0], Catch::Contains(" error api: a request failed by a fault of ours") &&
                             Catch::Contains("route=/qa/questions status=500 "
                                             "reason=\"rejected, sqlstate P0001\""));
  }
  // What a client does wrong is no fault of ours.
  CHECK(client.post("/qa/questions", "{}", {{"X-Request-Id", "of-the-client"}}).status == 422);
  CHECK(client.get("/live").status == 200);
  CHECK(w.process.errors().find("of-the-client") == std::string::npos);
}

TEST_CASE("a write that may have been applied is a line of the log with the id of its answer", "[api]") {
  const worker w;
  // The question waits behind our lock until its backend is terminated under it.
  sql holder(w.database.conninfo());
  holder.run("begin");
  holder.run("lock table atelier.questions in share mode");
  http_client client(w.port);
  client.send(
      fmt::format("POST /qa/questions HTTP/1.1\r\nHost: h\r\nX-Request-Id: look-for-me\r\n"
                  "Content-Length: {}\r\n\r\n{}",
                  question.size(), question));
  sql watcher(w.database.conninfo());
  REQUIRE(wait_until(10s, [&] { return watcher.run("select count(*)" + waiting_sessions) != "0"; }));
  watcher.run("select pg_terminate_backend(pid)" + waiting_sessions);
  const auto answer = client.read();
  holder.run("rollback");
  CHECK(answer.status == 503);
  CHECK_THAT(answer.body, Catch::Contains("may have been applied"));
  const auto found = w.lines("request_id=look-for-me ");
  REQUIRE(found.size() == 1);
  CHECK_THAT(found[0], Catch::Contains(" a write may have been applied") &&
                           Catch::Contains("route=/qa/questions status=503 reason=\"connection lost\""));
}
