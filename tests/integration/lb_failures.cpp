// What clients see of workers that misbehave, and how often a request arrives.
#include "integration/lb_proxy_process.hpp"
#include "support/full_listener.hpp"
#include "support/temp_dir.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <thread>

using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> patient{"--failures-max", "1000000"};  // health does not hide what retries do

}  // namespace

TEST_CASE("a POST with an Idempotency-Key is sent again, with the same key and body", "[lb]") {
  scripted_worker worker([](worker_connection& c, const std::string& request) {
    if (c.number() > 0) c.send(answer_with(request));
    c.close();
  });
  const proxy_process proxy({worker.address()}, patient);
  auto client = proxy.connect();
  const auto answer = client.post("/reviews", R"({"a":1})", {{"Idempotency-Key", "k"}});
  CHECK(answer.status == 200);
  REQUIRE(worker.requests().size() == 2);
  CHECK(worker.requests()[0] == worker.requests()[1]);
  CHECK(answer.body.ends_with(R"({"a":1})"));
}

TEST_CASE("a worker that cannot be reached is passed over, for every method", "[lb]") {
  scripted_worker good(answering([](const std::string&) { return answer_with("ok"); }));
  auto gone =
      std::make_unique<scripted_worker>(answering([](const std::string&) { return answer_with("ok"); }));
  const auto gone_address = gone->address();
  const proxy_process proxy({good.address(), gone_address},
                            {"--failures-max", "1000000", "--probe-interval", "1m"});
  gone.reset();
  auto client = proxy.connect();
  for (int i = 0; i < 20; ++i) {
    CHECK(client.get("/").status == 200);
    CHECK(client.put("/").status == 200);
    CHECK(client.post("/", "{}").status == 200);
  }
  CHECK(good.requests().size() == 60);
  const auto retries_of = [&](const std::string& address) {
    return proxy.metric("worker_retries_total{worker=\"" + address + "\"}");
  };
  CHECK(retries_of(good.address()) == 0);
  CHECK(retries_of(gone_address) > 0);
  CHECK(retries_of(gone_address) == proxy.metric("retries_total"));
}

TEST_CASE("a worker that dies under load fails no GET, and comes back", "[lb]") {
  const auto script = answering([](const std::string&) {
    std::this_thread::sleep_for(1ms);
    return answer_with("ok");
  });
  scripted_worker one(script);
  scripted_worker two(script);
  auto three = std::make_unique<scripted_worker>(script);
  const auto port = three->port();
  const proxy_process proxy({one.address(), two.address(), three->address()});
  std::atomic<bool> stop = false;
  std::atomic<int> good = 0;
  std::atomic<int> bad = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 16; ++i)
    clients.emplace_back([&] {
      auto client = proxy.connect();
      while (!stop) ++(client.get("/").status == 200 ? good : bad);
    });
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(150ms);
    three.reset();
    std::this_thread::sleep_for(150ms);
    three = std::make_unique<scripted_worker>(script, scripted_worker::reads::request, port);
    CHECK(wait_until(10s, [&] { return !three->requests().empty(); }));
  }
  stop = true;
  for (auto& c : clients) c.join();
  CHECK(bad == 0);
  CHECK(good > 100);
}

TEST_CASE("an answer that breaks off is not taken for a whole one", "[lb]") {
  const std::string half = GENERATE(as<std::string>(), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
                                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
  scripted_worker worker([&](worker_connection& c, const std::string&) {
    c.send(half);
    c.close();
  });
  const proxy_process proxy({worker.address()}, patient);
  auto client = proxy.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK_THROWS(client.read());
  CHECK(worker.connections() == 1);
}

TEST_CASE("a client that reads to the end of its connection is told by a reset that the answer broke off",
          "[lb]") {
  scripted_worker worker([&](worker_connection& c, const std::string&) {
    c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    std::this_thread::sleep_for(100ms);  // a part is on its way
    c.close();
  });
  const proxy_process proxy({worker.address()}, patient);
  auto client = proxy.connect();
  client.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  CHECK_THROWS_WITH(client.read_all(), Catch::Matchers::Contains("reset"));
}

TEST_CASE("a bad answer is 502, and its connection is not used again", "[lb]") {
  const std::string garbage = GENERATE(
      as<std::string>(), "SSH-2.0-OpenSSH\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\nX: 1\n\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/2 200\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX : 1\r\n\r\n", "HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello", "HTTP/1.1 200 OK\r\nContent-Le");
  INFO(garbage.substr(0, 60));
  scripted_worker worker([&](worker_connection& c, const std::string&) {
    c.send(garbage);
    if (garbage.ends_with("Content-Le")) c.close();
    c.read_rest();
  });
  const proxy_process proxy({worker.address()}, patient);
  auto client = proxy.connect();
  for (int i = 0; i < 2; ++i) {
    const auto answer = client.get("/");
    CHECK(answer.status == 502);
    CHECK(answer.body.starts_with("Error: "));
  }
  CHECK(worker.connections() == 2);
}

TEST_CASE("a worker that never answers is 504 for a PUT, and a GET goes elsewhere", "[lb]") {
  scripted_worker silent([](worker_connection& c, const std::string&) { c.read_rest(); });
  scripted_worker good(answering([](const std::string&) { return answer_with("ok"); }));
  std::vector<std::string> options = patient;
  options.insert(options.end(), {"--answer-timeout", "200ms"});
  const proxy_process proxy({silent.address(), good.address()}, options);
  auto client = proxy.connect();
  int lost = 0;
  for (int i = 0; i < 6; ++i) {
    const auto answer = client.put("/");
    lost += answer.status == 504;
    if (answer.status == 504) CHECK(answer.body.find("may have been applied") != std::string::npos);
    CHECK(client.get("/").status == 200);
  }
  CHECK(lost > 0);
  CHECK(good.requests().size() + static_cast<std::size_t>(lost) == 12);
}

TEST_CASE("a worker that stops dead loses its GETs to another, long before their time is over", "[lb]") {
  scripted_worker good(answering([](const std::string&) { return answer_with("ok"); }));
  // Like a process under SIGSTOP: the kernel accepts, nobody answers, probes included.
  const int frozen = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  REQUIRE(::bind(frozen, reinterpret_cast<sockaddr*>(&where), size) == 0);
  REQUIRE(::listen(frozen, 64) == 0);
  REQUIRE(::getsockname(frozen, reinterpret_cast<sockaddr*>(&where), &size) == 0);
  // The first probe decides, but it takes its time: until then the worker is used.
  const proxy_process proxy({good.address(), "127.0.0.1:" + std::to_string(ntohs(where.sin_port))},
                            {"--probe-timeout", "500ms"}, false);
  std::vector<std::thread> clients;
  std::atomic<int> answered = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 8; ++i)
    clients.emplace_back([&] { answered += proxy.connect().get("/").status == 200; });
  for (auto& c : clients) c.join();
  CHECK(answered == 8);
  CHECK(std::chrono::steady_clock::now() - start < 5s);
  CHECK(proxy.metric("retries_total") > 0);
  ::close(frozen);
}

TEST_CASE("no healthy worker is 503 at once, readable by browsers, in the form that the client asks for",
          "[lb]") {
  const proxy_process proxy({"127.0.0.1:" + std::to_string(free_port())}, {}, false);
  CHECK(wait_until(5s, [&] { return fetch(proxy.admin, "/ready").status == 503; }));
  CHECK(fetch(proxy.admin, "/live").status == 200);
  auto client = proxy.connect();
  const auto text = client.get("/", {{"Origin", "http://x"}});
  CHECK(text.status == 503);
  CHECK(text.body.starts_with("Error: "));
  CHECK(text.header("Retry-After"));
  CHECK(text.header("Access-Control-Allow-Origin") == "*");
  const auto problem = client.get("/", {{"Accept", "application/problem+json, */*;q=0.1"}});
  CHECK(problem.header("Content-Type") == "application/problem+json");
  CHECK(problem.body.find("\"status\":503") != std::string::npos);
  CHECK(client.post("/", "{}").status == 503);  // its body is not taken for the next request
  client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(client.read(true).status == 503);
}

TEST_CASE("when every worker has its maximum, requests wait in line, for a while", "[lb]") {
  std::atomic<int> at_once = 0;
  std::atomic<int> most = 0;
  scripted_worker worker([&](worker_connection& c, std::string request) {
    for (; !request.empty(); request = c.read_request()) {
      most = std::max<int>(most, ++at_once);
      std::this_thread::sleep_for(request.starts_with("GET /slow") ? 1500ms : 10ms);
      --at_once;
      c.send(answer_with("ok"));
    }
  });
  const proxy_process proxy({worker.address() + ",max=2"}, {"--queue-timeout", "500ms", "--queue-max", "8"});
  std::vector<std::thread> clients;
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i)
    clients.emplace_back([&] {
      auto client = proxy.connect();
      for (int k = 0; k < 5; ++k) good += client.get("/").status == 200;
    });
  for (auto& c : clients) c.join();
  CHECK(good == 40);
  CHECK(most <= 2);

  auto first = proxy.connect();
  auto second = proxy.connect();
  first.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  second.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(wait_until(5s, [&] { return at_once == 2; }));
  const auto busy = proxy.connect().get("/");
  CHECK(busy.status == 503);
  CHECK(busy.header("Retry-After"));
  CHECK(first.read().status == 200);
  CHECK(second.read().status == 200);
}

TEST_CASE("probes take a worker out and bring it back", "[lb]") {
  scripted_worker one(answering([](const std::string&) { return answer_with("ok"); }));
  scripted_worker two(answering([](const std::string&) { return answer_with("ok"); }));
  const bool slowly = GENERATE(false, true);
  const proxy_process proxy({one.address(), two.address()}, {"--slow-start", slowly ? "1m" : "1ms"});
  const auto up = "worker_up{worker=\"" + two.address() + "\"}";
  CHECK(proxy.metric(up) == 1);
  two.set_ready(false);
  CHECK(wait_until(5s, [&] { return proxy.metric(up) == 0; }));
  auto client = proxy.connect();
  for (int i = 0; i < 10; ++i) CHECK(client.get("/").status == 200);
  CHECK(two.requests().empty());
  two.set_ready(true);
  CHECK(wait_until(5s, [&] { return proxy.metric(up) == 1; }));
  if (!slowly) std::this_thread::sleep_for(1100ms);  // weights are looked at once a second
  for (int i = 0; i < 22; ++i) CHECK(client.get("/").status == 200);
  CHECK(two.requests().size() == (slowly ? 2 : 11));  // at first it has a tenth of its weight
}

TEST_CASE("a probe waits for the final answer, and not for ever", "[lb]") {
  const std::string hints = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
  scripted_worker hinting([&](worker_connection& c, const std::string&) {
    c.send(hints);
    std::this_thread::sleep_for(20ms);
    c.send(hints + answer_with("ok"));
  });
  scripted_worker endless([&](worker_connection& c, const std::string&) {
    for (int i = 0; i < 1000; ++i) c.send(hints);
    c.read_rest();
  });
  const proxy_process proxy({hinting.address(), endless.address()}, {"--probe-path", "/health"}, false);
  const auto says = [&](const scripted_worker& which, std::string_view what) {
    return wait_until(20s, [&] {
      return fetch(proxy.admin, "/workers/" + which.address()).body.find(what) != std::string::npos;
    });
  };
  CHECK(says(hinting, R"("state":"up","reason":"first good probe")"));
  CHECK(says(endless, R"("reason":"first probe failed: the head of the answer is too large")"));
}

TEST_CASE("a client that does not take its answer is cut, and its worker is free before", "[lb]") {
  scripted_worker worker([](worker_connection& c, std::string request) {
    for (; !request.empty(); request = c.read_request())
      c.send(request.starts_with("GET /large") ? answer_with(std::string(30'000'000, 'x'))
                                               : answer_with("ok"));
  });
  const proxy_process proxy({worker.address()}, {"--body-timeout", "500ms"});
  auto client = proxy.connect();
  client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(wait_until(10s, [&] { return proxy.metric("answers_broken_off_total") == 1; }));
  CHECK(proxy.connect().get("/").status == 200);
}

TEST_CASE("a worker is free when its answer is held, however slowly its client takes it", "[lb]") {
  const bool fits = GENERATE(true, false);
  scripted_worker worker([](worker_connection& c, std::string request) {
    for (; !request.empty(); request = c.read_request())
      c.send(request.starts_with("GET /large") ? answer_with(std::string(16'000'000, 'x'))
                                               : answer_with("ok"));
  });
  const proxy_process proxy({worker.address() + ",max=1"},
                            {"--answer-bytes-max", fits ? "20000000" : "100000", "--queue-timeout", "1s"});
  auto idler = proxy.connect();
  idler.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(wait_until(10s, [&] { return worker.requests().size() == 1; }));
  CHECK(proxy.connect().get("/").status == (fits ? 200 : 503));
  CHECK(idler.read().body.size() == 16'000'000);
}

TEST_CASE("a worker that does not take a connection in time is passed over, for every method", "[lb]") {
  scripted_worker good(answering([](const std::string&) { return answer_with("ok"); }));
  const temp_dir folder;
  const bool by_tcp = GENERATE(true, false);
  const auto full = by_tcp ? std::make_unique<full_listener>()
                           : std::make_unique<full_listener>((folder / "worker").string());
  const proxy_process proxy({good.address(), full->address()},
                            {"--connect-timeout", "200ms", "--probe-timeout", "1m", "--failures-max", "2"},
                            false);
  auto client = proxy.connect();
  for (int i = 0; i < 6; ++i) {
    CHECK(client.get("/").status == 200);
    CHECK(client.put("/").status == 200);
  }
  CHECK(proxy.metric("retries_total") == 2);
  CHECK(proxy.metric("worker_faults_total{worker=\"" + full->address() + "\",kind=\"no_connection\"}") == 2);
}

TEST_CASE("a worker on this machine whose line is full is waited for as one at the end of a wire is",
          "[lb]") {
  const temp_dir folder;
  full_listener busy((folder / "worker").string());
  const proxy_process proxy({busy.address()}, {"--connect-timeout", "20s", "--probe-timeout", "1m"}, false);
  auto client = proxy.connect();
  client.send("PUT / HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(wait_until(5s, [&] { return proxy.metric("requests_in_flight") == 1; }));
  busy.begin_to_answer(answer_with("ok", "Connection: close\r\n"));
  CHECK(client.read().status == 200);
  CHECK(proxy.metric("worker_up{worker=\"" + busy.address() + "\"}") == 1);
  CHECK(proxy.metric("worker_faults_total{worker=\"" + busy.address() + "\",kind=\"no_connection\"}") == 0);
}

TEST_CASE("retries beyond the budget wait, or are refused, and both are counted", "[lb]") {
  // The first worker loses every request; the second holds each for so long that retries are many at a time.
  scripted_worker bad([](worker_connection& c, const std::string&) { c.close(); });
  scripted_worker slow(answering([](const std::string&) {
    std::this_thread::sleep_for(1s);
    return answer_with("ok");
  }));
  auto options = patient;
  options.insert(options.end(), {"--retry-budget-percent", "0", "--queue-timeout", "200ms"});
  const proxy_process proxy({bad.address() + ",weight=1000", slow.address()}, options);
  std::vector<http_client> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(proxy.connect());
    clients.back().send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  int served = 0;
  int refused = 0;
  for (auto& client : clients) {
    const auto answer = client.read();
    served += answer.status == 200;
    refused += answer.status == 503 && answer.body.find("sent again") != std::string::npos;
  }
  CHECK(served + refused == 10);
  CHECK(served >= 3);  // so many retries are always allowed
  CHECK(refused > 0);
  CHECK(proxy.metric("retries_refused_total") == refused);
  CHECK(proxy.metric("retries_delayed_total") >= refused);
  CHECK(proxy.metric("retries_total") >= proxy.metric("retries_delayed_total"));
}
