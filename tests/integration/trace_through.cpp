// A request can be followed by its ids: from its client through the proxy and a real worker into both access
// logs.
#include "support/http_client.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sstream>

namespace atelier::test {
namespace {

using namespace std::chrono_literals;
using json = nlohmann::json;

// The one line of a log that tells of the path, or null while there is none.
json line_of(const std::filesystem::path& log, const std::string& path) {
  std::istringstream lines(std::filesystem::exists(log) ? read_file(log) : "");
  for (std::string line; std::getline(lines, line);)
    if (auto said = json::parse(line, nullptr, false); said.is_object() && said["path"] == path) return said;
  return nullptr;
}

// A proxy before one worker, each with an access log of its own.
class followed_stack {
 public:
  followed_stack() : worker_(ATELIER_PROGRAM, worker_words()), proxy_(ATELIER_PROGRAM, proxy_words()) {
    REQUIRE(wait_until(
        30s, [&] { return is_listening(proxy_port_) && fetch(proxy_port_, "/ready").status == 200; }));
  }

  http_answer get(const std::string& path, const http_headers& headers) const {
    return fetch(proxy_port_, path, headers);
  }

  struct lines {
    json proxy, worker;
  };
  lines of(const std::string& path) const {
    lines found;
    REQUIRE(wait_until(10s, [&] {
      found = {line_of(folder_ / "proxy.log", path), line_of(folder_ / "worker.log", path)};
      return found.proxy.is_object() && found.worker.is_object();
    }));
    return found;
  }

 private:
  std::vector<std::string> logging_to(const std::string& file) const {
    return {"--access-log", "full", "--access-log-format", "json", "--access-log-file", folder_ / file};
  }
  std::vector<std::string> worker_words() const {
    auto words = logging_to("worker.log");
    words.insert(words.begin(), {"api", "--listen", fmt::format("127.0.0.1:{}", worker_port_), "--db",
                                 database_.conninfo()});
    return words;
  }
  std::vector<std::string> proxy_words() const {
    auto words = logging_to("proxy.log");
    words.insert(words.begin(), {"lb", "--listen", fmt::format("127.0.0.1:{}", proxy_port_), "--worker",
                                 fmt::format("127.0.0.1:{}", worker_port_), "--probe-interval", "100ms"});
    return words;
  }

  temp_dir folder_;
  test_database database_;
  std::uint16_t worker_port_ = free_port();
  std::uint16_t proxy_port_ = free_port();
  child_process worker_;
  child_process proxy_;
};

}  // namespace

TEST_CASE("a request's own ids stand in the proxy's log, the worker's log and the answer", "[lb]") {
  const followed_stack stack;
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const auto answer = stack.get(
      "/reviews/1",
      {{"X-Request-Id", "order-4711"}, {"traceparent", fmt::format("00-{}-00f067aa0ba902b7-01", trace)}});
  CHECK(answer.status == 404);
  CHECK(answer.header("X-Request-Id") == "order-4711");
  const auto said = stack.of("/reviews/1");
  for (const auto& line : {said.proxy, said.worker}) {
    CHECK(line["request_id"] == "order-4711");
    CHECK(line["trace_id"] == trace);
    CHECK(line["status"] == 404);
  }
  CHECK(said.worker["route"] == "/reviews/{id}");
}

TEST_CASE("the proxy makes the ids that a request lacks, and the worker keeps them", "[lb]") {
  const followed_stack stack;
  const auto answer = stack.get("/reviews/2", {{"traceparent", "not one"}});
  const auto said = stack.of("/reviews/2");
  const auto id = answer.header("X-Request-Id").value_or("");
  CHECK(id.size() >= 16);
  CHECK(said.proxy["request_id"] == id);
  CHECK(said.worker["request_id"] == id);
  const auto trace = said.proxy["trace_id"].get<std::string>();
  CHECK(trace.size() == 32);
  CHECK(trace.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(said.worker["trace_id"] == trace);
  const auto other = stack.get("/reviews/3", {});
  CHECK(stack.of("/reviews/3").proxy["trace_id"] != trace);
  CHECK(other.header("X-Request-Id") != id);
}

}  // namespace atelier::test
