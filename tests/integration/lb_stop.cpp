// How the proxy starts and ends.
#include "integration/lb_proxy_process.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <thread>

using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

scripted_worker::script slow(std::chrono::milliseconds pause) {
  return [pause](worker_connection& c, std::string request) {
    for (; !request.empty(); request = c.read_request()) {
      std::this_thread::sleep_for(pause);
      c.send(answer_with("ok"));
    }
  };
}

}  // namespace

TEST_CASE("SIGTERM ends idle connections at once and lets requests under way finish", "[lb]") {
  const int signal = GENERATE(SIGTERM, SIGINT);
  scripted_worker worker(slow(500ms));
  proxy_process proxy({worker.address()});
  auto idle = proxy.connect();
  CHECK(idle.get("/").status == 200);
  auto busy = proxy.connect();
  busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(wait_until(5s, [&] { return worker.requests().size() == 2; }));
  proxy.process.signal(signal);
  CHECK(idle.is_closed());
  const auto answer = busy.read();
  CHECK(answer.status == 200);
  CHECK(answer.header("Connection") == "close");
  const auto ended = proxy.process.wait(5s);
  CHECK(ended.code == 0);
  CHECK(ended.errors.find("draining") != std::string::npos);
}

TEST_CASE("while it drains, new connections are refused and it is not ready", "[lb]") {
  scripted_worker worker(slow(1s));
  proxy_process proxy({worker.address()});
  auto busy = proxy.connect();
  busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(wait_until(5s, [&] { return worker.requests().size() == 1; }));
  proxy.process.signal(SIGTERM);
  proxy.process.wait_for("draining");
  CHECK(wait_until(1s, [&] { return !is_listening(proxy.port); }));
  CHECK(fetch(proxy.admin, "/ready").status == 503);
  CHECK(busy.read().status == 200);
  CHECK(proxy.process.wait(5s).code == 0);
}

TEST_CASE("what does not end in time is cut, by the deadline or by a second signal", "[lb]") {
  const bool by_signal = GENERATE(false, true);
  scripted_worker worker([](worker_connection& c, const std::string&) { c.read_rest(); });
  proxy_process proxy({worker.address() + ",max=1"},
                      {"--drain-timeout", by_signal ? "1m" : "300ms", "--queue-timeout", "1m"});
  auto busy = proxy.connect();
  auto queued = proxy.connect();
  busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(wait_until(5s, [&] { return worker.requests().size() == 1; }));
  queued.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(wait_until(5s, [&] { return proxy.metric("requests_waiting") == 1; }));
  proxy.process.signal(SIGTERM);
  proxy.process.wait_for("draining");
  if (by_signal) proxy.process.signal(SIGTERM);
  CHECK_THROWS(busy.read());
  CHECK(proxy.process.wait(3s).code == 0);
  worker.die();
}

TEST_CASE("wrong usage is exit code 2 and a busy port 1, each with a sentence", "[lb]") {
  const auto usage = [](std::vector<std::string> options) {
    options.insert(options.begin(), "lb");
    return run_program(ATELIER_PROGRAM, options);
  };
  for (const auto& options : std::vector<std::vector<std::string>>{
           {},
           {"--worker", "nowhere"},
           {"--worker", "127.0.0.1:1,weight=0"},
           {"--worker", "127.0.0.1:1,color=red"},
           {"--worker", "127.0.0.1:1", "--head-timeout", "soon"},
           {"--worker", "127.0.0.1:1", "--retries-max", "-1"},
           {"--worker", "127.0.0.1:1", "--worker", "127.0.0.1:1"},
       }) {
    const auto done = usage(options);
    CHECK(done.code == 2);
    CHECK_FALSE(done.errors.empty());
  }
  scripted_worker taken(slow(0ms));
  const auto busy = usage({"--listen", taken.address(), "--worker", "127.0.0.1:1"});
  CHECK(busy.code == 1);
  CHECK(busy.errors.find("is in use") != std::string::npos);
  CHECK(usage({"--help"}).output.find("--probe-path") != std::string::npos);
}
