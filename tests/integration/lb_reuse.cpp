// Connections to workers that are used again: what stands in them, and that they may be closed already.
#include "integration/lb_proxy_process.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <list>
#include <thread>

using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

// Answers the first request of a connection and breaks it when the second one comes: the race with an idle
// close, every time.
scripted_worker::script breaking_on_reuse(bool by_reset) {
  return [by_reset](worker_connection& c, const std::string&) {
    c.send(answer_with("ok"));
    if (c.read_head().empty()) return;
    by_reset ? c.reset() : c.close();
  };
}

// Lets nobody pass until so many have come.
class gathering {
 public:
  explicit gathering(int all) : all_(all) {}
  void wait() {
    ++here_;
    wait_until(20s, [&] { return here_ >= all_; });
  }

 private:
  const int all_;
  std::atomic<int> here_ = 0;
};

const std::vector<std::string> patient{"--failures-max", "1000000"};  // health does not hide what retries do

}  // namespace

TEST_CASE("a GET never fails because its worker breaks connections that are used again", "[lb]") {
  const bool by_reset = GENERATE(false, true);
  scripted_worker worker(breaking_on_reuse(by_reset));
  const proxy_process proxy({worker.address()}, patient);
  auto client = proxy.connect();
  for (int i = 0; i < 100; ++i) CHECK(client.get("/").status == 200);
  CHECK(proxy.metric("retries_total") > 40);
}

TEST_CASE("GETs that lose connections at rest are sent again at once, however many and slow they are",
          "[lb]") {
  constexpr int clients_at_a_time = 40;
  gathering warm(clients_at_a_time);
  gathering again(clients_at_a_time);
  // Every connection breaks when it is used again, and no answer begins before all requests have come.
  scripted_worker worker([&](worker_connection& c, const std::string& request) {
    (request.starts_with("GET /warm") ? warm : again).wait();
    c.send(answer_with("ok"));
    if (!c.read_head().empty()) c.close();
  });
  auto options = patient;
  options.insert(options.end(), {"--retry-budget-percent", "0", "--queue-timeout", "200ms"});
  const proxy_process proxy({worker.address()}, options);
  std::list<http_client> clients;
  for (int i = 0; i < clients_at_a_time; ++i) clients.push_back(proxy.connect(30s));
  for (const std::string path : {"/warm", "/slow"}) {
    for (auto& one : clients) one.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    for (auto& one : clients) CHECK(one.read().status == 200);
  }
  CHECK(proxy.metric("retries_total") == clients_at_a_time);
  CHECK(proxy.metric("retries_delayed_total") == 0);
}

TEST_CASE("a client that does not read its answer keeps no other request from being sent again", "[lb]") {
  scripted_worker losing([](worker_connection& c, const std::string&) { c.reset(); });
  scripted_worker large([](worker_connection& c, const std::string& request) {
    if (request.starts_with("GET /quick")) return c.send(answer_with("ok"));
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
    for (int i = 0; i < 1000; ++i) c.send(std::string(100'000, 'x'));
  });
  auto options = patient;
  options.insert(options.end(), {"--retry-budget-percent", "0", "--queue-timeout", "200ms"});
  const proxy_process proxy({losing.address(), large.address()}, options);
  // Three may be sent again at a time.
  std::list<http_client> slow;
  while (proxy.metric("retries_total") < 3) {
    slow.push_back(proxy.connect());
    slow.back().send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto begun = "worker_answers_total{worker=\"" + large.address() + "\",status=\"2xx\"}";
    REQUIRE(wait_until(20s, [&] { return proxy.metric(begun) == static_cast<double>(slow.size()); }));
  }
  CHECK(fetch(proxy.port, "/quick").status == 200);
  CHECK(proxy.metric("retries_total") == 4);  // the first worker has nothing in flight and is asked first
  CHECK(proxy.metric("retries_delayed_total") == 0);
}

TEST_CASE("a PUT or a POST on a connection that breaks when used again arrives at most once", "[lb]") {
  const bool by_reset = GENERATE(false, true);
  std::atomic<int> arrived = 0;
  scripted_worker worker([&](worker_connection& c, const std::string&) {
    ++arrived;
    c.send(answer_with("ok"));
    if (c.read_request().empty()) return;
    ++arrived;
    by_reset ? c.reset() : c.close();
  });
  const proxy_process proxy({worker.address()}, patient);
  auto client = proxy.connect();
  int answered = 0;
  int unknown = 0;
  for (int i = 0; i < 40; ++i) {
    const auto answer = i % 2 == 0 ? client.put("/reviews/1/helpful") : client.post("/reviews", "{}");
    if (answer.status == 200) ++answered;
    if (answer.status == 503) {
      ++unknown;
      CHECK(answer.body.find("may have been applied") != std::string::npos);
    }
  }
  CHECK(answered + unknown == 40);
  CHECK(arrived == 40);
  CHECK(proxy.metric("retries_total") == 0);
}

TEST_CASE("a worker that closes right after its answer fails nobody", "[lb]") {
  std::atomic<int> closed = 0;
  scripted_worker worker([&](worker_connection& c, const std::string&) {
    c.send(answer_with("ok"));  // no Connection: close
    c.close();
    ++closed;
  });
  const proxy_process proxy({worker.address()}, patient);
  auto client = proxy.connect();
  for (int i = 0; i < 50; ++i) {
    CHECK(client.get("/").status == 200);
    REQUIRE(wait_until(20s, [&] { return closed > 2 * i; }));
    CHECK(client.put("/").status == 200);
    REQUIRE(wait_until(20s, [&] { return closed > 2 * i + 1; }));
  }
  CHECK(worker.requests().size() == 100);
}

TEST_CASE("a connection that a worker ends while it rests is closed, and the others go on resting", "[lb]") {
  enum class end { close, reset, talk };
  const auto how = GENERATE(end::close, end::reset, end::talk);
  scripted_worker ending([how](worker_connection& c, const std::string&) {
    c.send(answer_with("ok"));
    std::this_thread::sleep_for(300ms);
    if (how == end::talk) c.send("HTTP/1.1 408 Request Timeout\r\n\r\n"), c.read_rest();
    if (how == end::reset) c.reset();
    if (how == end::close) c.close();
  });
  scripted_worker steady(answering([](const std::string&) { return answer_with("ok"); }));
  const proxy_process proxy({ending.address(), steady.address()}, {"--worker-idle-timeout", "1m"});
  auto client = proxy.connect();
  for (int i = 0; i < 2; ++i) CHECK(client.get("/").status == 200);
  const auto at_rest = [&](const scripted_worker& which) {
    return proxy.metric("worker_idle_connections{worker=\"" + which.address() + "\"}");
  };
  CHECK(wait_until(20s, [&] { return at_rest(ending) == 0; }));
  CHECK(at_rest(steady) == 1);
}

TEST_CASE("bytes behind an answer are nobody's answer", "[lb]") {
  scripted_worker worker([](worker_connection& c, std::string request) {
    for (; !request.empty(); request = c.read_request()) c.send(answer_with("ok") + answer_with("poison"));
  });
  const proxy_process proxy({worker.address()}, patient);
  auto client = proxy.connect();
  for (int i = 0; i < 20; ++i) CHECK(client.get("/").body == "ok");
}

TEST_CASE("what a worker sends while nobody asks is nobody's answer", "[lb]") {
  scripted_worker worker([](worker_connection& c, const std::string& request) {
    if (request.starts_with("HEAD")) {
      const auto poison = answer_with("poison");
      c.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(poison.size()) + "\r\n\r\n");
      std::this_thread::sleep_for(50ms);
      c.send(poison);  // to HEAD there is no body
    } else {
      c.send(answer_with("ok"));
      std::this_thread::sleep_for(50ms);
      c.send(answer_with("Bye", "Connection: close\r\n", "408 Request Timeout"));
    }
    c.read_rest();
  });
  const proxy_process proxy({worker.address()}, patient);
  auto client = proxy.connect();
  for (int i = 0; i < 4; ++i) {
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client.read(true).status == 200);
    std::this_thread::sleep_for(150ms);
    const auto answer = client.get("/");
    CHECK(answer.status == 200);
    CHECK(answer.body == "ok");
    std::this_thread::sleep_for(150ms);
  }
}
