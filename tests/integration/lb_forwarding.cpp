// What the proxy carries, and how.
#include "integration/lb_proxy_process.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

using namespace atelier::test;
using namespace std::chrono_literals;

TEST_CASE("a request and its answer pass, over connections that both sides keep", "[lb]") {
  scripted_worker worker(echo());
  const proxy_process proxy({worker.address()});
  auto client = proxy.connect();
  for (int i = 0; i < 5; ++i) {
    const auto answer =
        client.get("/reviews?product_id=" + std::to_string(i), {{"X-Request-Id", "id-" + std::to_string(i)}});
    CHECK(answer.status == 200);
    CHECK(answer.header("X-Request-Id") == "id-" + std::to_string(i));
    CHECK(answer.body.starts_with("GET /reviews?product_id=" + std::to_string(i) + " HTTP/1.1\r\n"));
    CHECK(answer.body.find("X-Forwarded-For: 127.0.0.1\r\n") != std::string::npos);
  }
  CHECK(worker.connections() == 1);
}

TEST_CASE("connections rest that were in use together, and the next burst opens none", "[lb]") {
  constexpr int together = 300;
  std::mutex mutex;
  std::condition_variable one_came;
  std::condition_variable all_here;
  int arrived = 0;
  scripted_worker worker(answering([&](const std::string&) {
    std::unique_lock lock(mutex);
    const int last_of_burst = (arrived++ / together + 1) * together;
    one_came.notify_one();
    if (arrived == last_of_burst) all_here.notify_all();
    all_here.wait_for(lock, 10s, [&] { return arrived >= last_of_burst; });
    return answer_with("ok");
  }));
  const proxy_process proxy({worker.address()}, {"--probe-interval", "10s", "--connect-timeout", "10s"});
  std::list<http_client> clients;
  for (int i = 0; i < together; ++i) clients.emplace_back(proxy.port);
  for (int burst = 0; burst < 2; ++burst) {
    int sent = burst * together;
    for (auto& client : clients) {  // one after the other, so that the worker's backlog holds them
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      std::unique_lock lock(mutex);
      REQUIRE(one_came.wait_for(lock, 10s, [&, now = ++sent] { return arrived == now; }));
    }
    for (auto& client : clients) CHECK(client.read().status == 200);
  }
  CHECK(worker.connections() == together);
}

TEST_CASE("a worker's connection rests for its time and no longer", "[lb]") {
  const bool briefly = GENERATE(true, false);
  scripted_worker worker(answering([](const std::string&) { return answer_with("ok"); }));
  const proxy_process proxy({worker.address()}, {"--worker-idle-timeout", briefly ? "500ms" : "1m"});
  auto client = proxy.connect();
  CHECK(client.get("/").status == 200);
  const auto at_rest = "worker_idle_connections{worker=\"" + worker.address() + "\"}";
  CHECK(proxy.metric(at_rest) == 1);
  CHECK(wait_until(3s, [&] { return proxy.metric(at_rest) == 0; }) == briefly);
  CHECK(client.get("/").status == 200);
  CHECK(worker.connections() == (briefly ? 2 : 1));
}

TEST_CASE("several processes share a port", "[lb]") {
  const auto naming = [](const char* name) {
    return answering([name](const std::string&) { return answer_with(name); });
  };
  scripted_worker one(naming("one"));
  scripted_worker two(naming("two"));
  const auto port = std::to_string(free_port());
  const auto start = [&](const scripted_worker& behind) {
    auto started = std::make_unique<child_process>(
        ATELIER_PROGRAM, std::vector<std::string>{"lb", "--share-port", "--listen", "127.0.0.1:" + port,
                                                  "--worker", behind.address()});
    started->wait_for("listening on");
    return started;
  };
  const auto first = start(one);
  auto second = start(two);
  std::set<std::string> answered;
  const auto ask = [&] { answered.insert(fetch(static_cast<std::uint16_t>(std::stoi(port)), "/").body); };
  for (int i = 0; i < 60; ++i) ask();  // the kernel spreads connections by their addresses
  CHECK(answered == std::set<std::string>{"one", "two"});
  second.reset();
  answered.clear();
  for (int i = 0; i < 20; ++i) ask();
  CHECK(answered == std::set<std::string>{"one"});
}

TEST_CASE("pipelined requests are answered in order", "[lb]") {
  scripted_worker worker(
      answering([](const std::string& request) { return answer_with(request.substr(6, 1)); }));
  const proxy_process proxy({worker.address()});
  auto client = proxy.connect();
  std::string all;
  for (const char c : std::string("abcdefgh"))
    all += std::string("POST /") + c + " HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz";
  client.send(all);
  std::string bodies;
  for (int i = 0; i < 8; ++i) bodies += client.read().body;
  CHECK(bodies == "abcdefgh");
  CHECK(worker.requests().size() == 8);
}

TEST_CASE("a request in single bytes is one request", "[lb]") {
  scripted_worker worker(echo());
  const proxy_process proxy({worker.address()});
  auto client = proxy.connect();
  for (const char c : std::string("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                                  "chunked\r\n\r\n3;e=1\r\nabc\r\n0\r\nT: 1\r\n\r\n"))
    client.send({&c, 1});
  const auto answer = client.read();
  CHECK(answer.status == 200);
  REQUIRE(worker.requests().size() == 1);
  const auto seen = worker.requests().front();
  CHECK(seen.find("Transfer-Encoding: chunked\r\n") != seen.npos);
  CHECK(seen.find("T: 1") == seen.npos);
  CHECK(seen.find("e=1") == seen.npos);
}

TEST_CASE("a large chunked answer passes to HTTP/1.1 as chunks and to HTTP/1.0 as data", "[lb]") {
  std::string chunks;
  std::string plain;
  for (int i = 0; i < 2000; ++i) {
    const std::string part(static_cast<std::size_t>(1 + i % 300), static_cast<char>('a' + i % 26));
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", part.size());
    chunks += size + part + "\r\n";
    plain += part;
  }
  scripted_worker worker(answering([&](const std::string&) {
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n\r\n";
  }));
  const proxy_process proxy({worker.address()});
  auto client = proxy.connect();
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.get("/");
    CHECK((answer.body == plain));
    CHECK(answer.header("Transfer-Encoding") == "chunked");
  }
  CHECK(worker.connections() == 1);
  auto old = proxy.connect();
  old.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto all = old.read_all();
  CHECK(all.find("Connection: close\r\n") != all.npos);
  CHECK((all.substr(all.find("\r\n\r\n") + 4) == plain));
}

TEST_CASE("an answer that ends with the worker's connection is whole", "[lb]") {
  scripted_worker worker([](worker_connection& c, std::string) {
    c.send("HTTP/1.0 200 OK\r\nX: 1\r\n\r\nhello");
    c.close();
  });
  const proxy_process proxy({worker.address()});
  auto client = proxy.connect();
  for (int i = 0; i < 3; ++i) CHECK(client.get("/").body == "hello");
}

TEST_CASE("answers without a body leave the connection usable", "[lb]") {
  scripted_worker worker(answering([](const std::string& request) -> std::string {
    if (request.starts_with("HEAD")) return "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n";
    if (request.starts_with("GET /304"))
      return "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 99\r\n\r\n";
    return "HTTP/1.1 204 No Content\r\n\r\n";
  }));
  const proxy_process proxy({worker.address()});
  auto client = proxy.connect();
  for (int i = 0; i < 3; ++i) {
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client.read(true).header("Content-Length") == "1234");
    CHECK(client.get("/304").status == 304);
    const auto none = client.put("/204");
    CHECK(none.status == 204);
    CHECK_FALSE(none.header("Content-Length"));
  }
  CHECK(worker.connections() == 1);
}

TEST_CASE("interim answers pass to HTTP/1.1 and not to HTTP/1.0", "[lb]") {
  scripted_worker worker(answering([](const std::string&) {
    return "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" +
           answer_with("done");
  }));
  const proxy_process proxy({worker.address()});
  auto client = proxy.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto hints = client.read();
  CHECK(hints.status == 103);
  CHECK(hints.header("Link") == "</x>");
  CHECK(client.read().status == 102);
  CHECK(client.read().body == "done");
  auto old = proxy.connect();
  old.send("GET / HTTP/1.0\r\n\r\n");
  const auto all = old.read_all();
  CHECK(all.starts_with("HTTP/1.1 200"));
}

TEST_CASE("an interim answer is not the answer that a request waits for", "[lb]") {
  const std::string hints = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
  const std::string asking = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  SECTION("it ends no patience with a worker") {
    scripted_worker worker([&](worker_connection& c, const std::string&) {
      c.send(hints);
      c.read_rest();
    });
    const proxy_process proxy({worker.address()}, {"--answer-timeout", "300ms", "--body-timeout", "5m"});
    auto client = proxy.connect();
    client.send(asking);
    CHECK(client.read().status == 103);
    CHECK(client.read().status == 504);
  }
  SECTION("nor does it shorten that") {
    scripted_worker worker([&](worker_connection& c, const std::string&) {
      c.send(hints + "HTTP/1.1 1");
      std::this_thread::sleep_for(200ms);
      c.send("02 Processing\r\n\r\n");
      std::this_thread::sleep_for(3s);
      c.send(answer_with("ok"));
    });
    const proxy_process proxy({worker.address()}, {"--answer-timeout", "5m", "--body-timeout", "1s"});
    auto client = proxy.connect();
    client.send(asking);
    CHECK(client.read().status == 103);
    CHECK(client.read().status == 102);
    CHECK(client.read().status == 200);
  }
  SECTION("and after it the request is not sent again") {
    scripted_worker worker([&](worker_connection& c, const std::string&) {
      c.send(hints);
      c.close();
    });
    const proxy_process proxy({worker.address()});
    auto client = proxy.connect();
    client.send(asking);
    CHECK(client.read().status == 103);
    CHECK(client.read().status == 502);
    CHECK(worker.requests().size() == 1);
  }
}

TEST_CASE("a client that waits for 100 gets it from the worker", "[lb]") {
  scripted_worker inviting(
      [](worker_connection& c, std::string head) {
        for (; !head.empty(); head = c.read_head()) {
          const bool is_asked = head.find("\r\nExpect: 100-continue\r\n") != head.npos;
          if (is_asked) c.send("HTTP/1.1 100 Continue\r\n\r\n");
          c.send(answer_with(c.read_bytes(5), is_asked ? "X-Asked: 1\r\n" : ""));
        }
      },
      scripted_worker::reads::head);
  const proxy_process proxy({inviting.address()});
  auto client = proxy.connect();
  for (int i = 0; i < 2; ++i) {
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.read().status == 100);  // before a byte of the body was sent
    client.send("hello");
    const auto answer = client.read();
    CHECK(answer.body == "hello");
    CHECK(answer.header("X-Asked") == "1");
  }
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  CHECK(client.read().status == 200);
  CHECK(inviting.connections() == 1);
}

TEST_CASE("a client that does not wait for 100 is answered by a worker that says none", "[lb]") {
  scripted_worker silent(echo());
  const proxy_process proxy({silent.address()});
  auto client = proxy.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello");
  CHECK(client.read().body.ends_with("\r\n\r\nhello"));
}

TEST_CASE("an answer that comes before the body has ended is delivered, and the connection closed", "[lb]") {
  scripted_worker refusing(
      [](worker_connection& c, const std::string&) {
        c.send(answer_with("Error: too large", "Connection: close\r\n", "413 Content Too Large"));
        c.read_rest();
      },
      scripted_worker::reads::head);
  const proxy_process proxy({refusing.address()});
  auto client = proxy.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  client.send(std::string(200'000, 'x'));
  const auto answer = client.read();
  CHECK(answer.status == 413);
  CHECK(answer.body == "Error: too large");
  CHECK(answer.header("Connection") == "close");
  CHECK(client.is_closed());
}

TEST_CASE("an answer that comes before the body has ended is delivered although the worker slams the door",
          "[lb]") {
  scripted_worker slamming(
      [](worker_connection& c, const std::string&) {
        c.send(answer_with("Error: too large", "", "413 Content Too Large"));
        c.close();
      },
      scripted_worker::reads::head);
  const proxy_process proxy({slamming.address()});
  for (int i = 0; i < 20; ++i) {
    auto client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    client.send(std::string(200'000, 'x'));
    CHECK(client.read().status == 413);
  }
}

TEST_CASE("a client that has rested asks again, in pieces too, and is told goodbye in time", "[lb]") {
  scripted_worker worker(answering([](const std::string&) { return answer_with("ok"); }));
  const proxy_process proxy({worker.address()}, {"--idle-timeout", "2s"});
  constexpr auto until_at_rest = 1200ms;
  auto client = proxy.connect();
  for (int i = 0; i < 2; ++i) {
    CHECK(client.get("/").status == 200);
    std::this_thread::sleep_for(until_at_rest);
  }
  client.send("GET / HT");
  std::this_thread::sleep_for(until_at_rest);
  client.send("TP/1.1\r\nHost: a\r\n\r\n");
  CHECK(client.read().status == 200);
  std::this_thread::sleep_for(until_at_rest);
  client.finish_sending();
  CHECK(client.is_closed());

  auto silent = proxy.connect();  // at rest from the beginning
  CHECK(silent.is_closed());
}

TEST_CASE("no more connections are accepted than allowed, and those that wait are served when there is room",
          "[lb]") {
  scripted_worker worker(echo());
  const proxy_process proxy({worker.address()}, {"--connections-max", "2"});
  auto first = std::make_unique<http_client>(proxy.connect());
  auto second = proxy.connect();
  CHECK(first->get("/").status == 200);
  CHECK(second.get("/").status == 200);
  auto third = proxy.connect();
  third.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  std::this_thread::sleep_for(100ms);
  CHECK(proxy.metric("connections") == 2);
  first.reset();
  CHECK(third.read().status == 200);
}
