// What the proxy says of each request, and that it passes on who asked.
#include "integration/lb_proxy_process.hpp"
#include "support/temp_dir.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <sstream>
#include <thread>

using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

using json = nlohmann::json;

std::vector<json> lines_of(const std::filesystem::path& file) {
  std::vector<json> all;
  std::istringstream lines(std::filesystem::exists(file) ? read_file(file) : "");
  for (std::string line; std::getline(lines, line);) all.push_back(json::parse(line));
  return all;
}

}  // namespace

TEST_CASE("the access log says how each request went and where its time was spent", "[lb]") {
  const temp_dir folder;
  scripted_worker worker([](worker_connection& connection, std::string request) {
    for (; !request.empty(); request = connection.read_request()) {
      std::this_thread::sleep_for(20ms);
      if (request.find(" /lost") != request.npos) return connection.close();
      connection.send(answer_with("hello"));
    }
  });
  const proxy_process proxy({worker.address()}, {"--access-log", "full", "--access-log-file", folder / "log",
                                                 "--access-log-format", "json"});
  auto client = proxy.connect();
  CHECK(client.get("/a/me@example.org?secret=1", {{"X-Request-Id", "id-1"}}).status == 200);
  CHECK(client.request("PUT", "/lost").status == 503);
  client.send("BAD\r\n\r\n");
  CHECK(client.read().status == 400);
  std::vector<json> lines;
  REQUIRE(wait_until(5s, [&] { return (lines = lines_of(folder / "log")).size() == 3; }));

  const auto& good = lines[0];
  CHECK(good["request_id"] == "id-1");
  CHECK(good["client"] == "127.0.0.1");
  CHECK(good["method"] == "GET");
  CHECK(good["path"] == "/a/*");
  CHECK(good["status"] == 200);
  CHECK(good["ended"] == "done");
  CHECK(good["worker"] == worker.address());
  CHECK(good["sent_bytes"] > 50);
  CHECK(good["received_bytes"] > 50);
  CHECK(good["trace_id"].get<std::string>().size() == 32);
  CHECK(good["first_byte_ms"] >= 15);
  CHECK(good["total_ms"] >= good["first_byte_ms"]);
  CHECK(good["connect_ms"] < 15);
  CHECK(good["queue_ms"] == 0);
  CHECK(worker.requests()[0].find(good["trace_id"].get<std::string>()) != std::string::npos);

  CHECK(lines[1]["status"] == 503);
  CHECK(lines[1]["ended"] == "lost");
  CHECK(lines[2]["status"] == 400);
  CHECK(lines[2]["ended"] == "refused");
  for (const auto& line : lines) {
    CHECK(line.dump().find("secret") == std::string::npos);
    CHECK(line.dump().find("example.org") == std::string::npos);
  }
  CHECK(proxy.metric("access_log_lines_total") == 3);
  CHECK(proxy.metric("access_log_dropped_total") == 0);
}

TEST_CASE("time in the queue is said, and a client that leaves is one", "[lb]") {
  const temp_dir folder;
  scripted_worker worker(answering([](const std::string&) {
    std::this_thread::sleep_for(50ms);
    return answer_with(std::string(8'000'000, 'x'));
  }));
  const proxy_process proxy({worker.address() + ",max=1"}, {"--access-log", "full", "--access-log-file",
                                                            folder / "log", "--access-log-format", "json"});
  auto first = proxy.connect();
  first.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(wait_until(5s, [&] { return worker.requests().size() == 1; }));
  {
    auto second = proxy.connect();
    second.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(wait_until(5s, [&] { return proxy.metric("requests_waiting") == 1; }));
    CHECK(first.read().status == 200);
    REQUIRE(wait_until(5s, [&] { return worker.requests().size() == 2; }));
    std::this_thread::sleep_for(200ms);
  }
  std::vector<json> lines;
  REQUIRE(wait_until(5s, [&] { return (lines = lines_of(folder / "log")).size() == 2; }));
  CHECK(lines[0]["ended"] == "done");
  CHECK(lines[1]["ended"] == "client_left");
  CHECK(lines[1]["queue_ms"] > 1);
}

TEST_CASE("the latency of each worker is a histogram", "[lb]") {
  scripted_worker worker(answering([](const std::string&) {
    std::this_thread::sleep_for(5ms);
    return answer_with("ok");
  }));
  const proxy_process proxy({worker.address()});
  for (int i = 0; i < 3; ++i) CHECK(fetch(proxy.port, "/").status == 200);
  const auto label = "worker=\"" + worker.address() + "\"";
  CHECK(proxy.metric("worker_answer_seconds_count{" + label + "}") == 3);
  CHECK(proxy.metric("worker_answer_seconds_sum{" + label + "}") >= 0.015);
  CHECK(proxy.metric("worker_answer_seconds_bucket{" + label + ",le=\"0.004096\"}") == 0);
  CHECK(proxy.metric("worker_answer_seconds_bucket{" + label + ",le=\"+Inf\"}") == 3);
  CHECK(proxy.metric("request_seconds_count") == 3);
}
