// Every bound holds, and says so.
#include "integration/lb_proxy_process.hpp"
#include "support/full_listener.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <list>
#include <thread>

using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

scripted_worker::script answers() {
  return answering([](const std::string&) { return answer_with("ok"); });
}

scripted_worker::script slow(std::chrono::milliseconds time) {
  return answering([time](const std::string&) {
    std::this_thread::sleep_for(time);
    return answer_with("ok");
  });
}

// Answers only when it is told to.
scripted_worker::script held(const std::atomic<bool>& released) {
  return answering([&](const std::string&) {
    wait_until(20s, [&] { return released.load(); });
    return answer_with("ok");
  });
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("a head, a target and a body have bounds: 431, 414 and 413", "[lb]") {
  scripted_worker worker(answers());
  const proxy_process proxy({worker.address()}, {"--head-bytes-max", "2000", "--target-bytes-max", "100",
                                                 "--body-bytes-max", "1000"});
  CHECK(proxy.connect().get("/" + std::string(99, 'x')).status == 200);
  CHECK(proxy.connect().get("/" + std::string(100, 'x')).status == 414);
  CHECK(proxy.connect().get("/", {{"X", std::string(1800, 'x')}}).status == 200);
  CHECK(proxy.connect().get("/", {{"X", std::string(2000, 'x')}}).status == 431);
  CHECK(proxy.connect().post("/", std::string(1000, 'x')).status == 200);
  CHECK(proxy.connect().post("/", std::string(1001, 'x')).status == 413);
  for (const bool fits : {true, false}) {
    auto client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < (fits ? 9 : 12); ++i) client.send("64\r\n" + std::string(100, 'x') + "\r\n");
    if (fits) client.send("0\r\n\r\n");
    CHECK(client.read().status == (fits ? 200 : 413));
  }
  for (const auto& request : worker.requests()) CHECK(request.size() < 3000);
  CHECK(worker.requests().size() == 4);
}

TEST_CASE("an address may ask so often: 429 says when it may again, and the connection goes on", "[lb]") {
  scripted_worker worker(answers());
  const proxy_process proxy({worker.address()}, {"--client-rate", "5", "--client-burst", "3"});
  auto client = proxy.connect();
  for (int i = 0; i < 3; ++i) CHECK(client.get("/").status == 200);
  const auto refused = client.get("/");
  CHECK(refused.status == 429);
  CHECK(refused.header("Retry-After") == "1");
  CHECK(refused.body == "Error: too many requests from this address, wait as Retry-After says");
  CHECK(client.post("/", "body that belongs to it").status == 429);
  std::this_thread::sleep_for(450ms);
  CHECK(client.get("/").status == 200);
  CHECK(worker.requests().size() == 4);
  CHECK(proxy.metric("limited_total") == 2);
}

TEST_CASE("an address may have so many connections", "[lb]") {
  scripted_worker worker(answers());
  const proxy_process proxy({worker.address()}, {"--client-connections-max", "2"});
  std::list<http_client> clients;
  for (int i = 0; i < 2; ++i) CHECK(clients.emplace_back(proxy.port).get("/").status == 200);
  auto third = proxy.connect();
  CHECK(third.read().status == 429);
  CHECK(third.is_closed());
  clients.pop_back();
  CHECK(wait_until(5s, [&] { return proxy.connect().get("/").status == 200; }));
}

TEST_CASE("a request as a whole has a time, in line and at the worker", "[lb]") {
  scripted_worker worker(slow(3s));
  const proxy_process proxy({worker.address() + ",max=1"}, {"--total-timeout", "400ms"});
  auto first = proxy.connect();
  auto second = proxy.connect();
  const auto start = std::chrono::steady_clock::now();
  first.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(wait_until(5s, [&] { return worker.requests().size() == 1; }));
  second.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(first.read().status == 504);
  CHECK(second.read().status == 504);
  CHECK(std::chrono::steady_clock::now() - start < 2s);
}

TEST_CASE("a request whose time is over while it is connected says nothing against the worker", "[lb]") {
  const full_listener full;
  const proxy_process proxy({full.address()},
                            {"--connect-timeout", "20s", "--probe-timeout", "1m", "--total-timeout", "300ms"},
                            false);
  const auto answer = proxy.connect().get("/");
  CHECK(answer.status == 504);
  CHECK(answer.body == "Error: the request took too long, try again");
  CHECK(proxy.metric("worker_faults_total{worker=\"" + full.address() + "\",kind=\"no_connection\"}") == 0);
  CHECK(proxy.metric("retries_total") == 0);
}

TEST_CASE("a request's time goes on while it waits to be sent again", "[lb]") {
  scripted_worker bad([](worker_connection& c, const std::string&) { c.close(); });
  scripted_worker never(slow(3s));
  const proxy_process proxy({bad.address() + ",weight=1000", never.address()},
                            {"--failures-max", "1000000", "--retry-budget-percent", "0", "--queue-timeout",
                             "20s", "--total-timeout", "1s"});
  std::list<http_client> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(proxy.connect());
    clients.back().send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  for (auto& client : clients) CHECK(client.read().status == 504);
  CHECK(proxy.metric("retries_delayed_total") > 0);
  CHECK(proxy.metric("retries_refused_total") == 0);
}

TEST_CASE("a write that takes too long may have been applied, a read may be asked again", "[lb]") {
  scripted_worker worker(slow(2s));
  const proxy_process proxy({worker.address()}, {"--total-timeout", "300ms"});
  CHECK(proxy.connect().get("/").body == "Error: the request took too long, try again");
  CHECK(proxy.connect().put("/").body ==
        "Error: the request took too long; it may have been applied, look before you send it again");
}

TEST_CASE("so many stand in line, and who comes then is refused at once", "[lb]") {
  std::atomic<bool> released = false;
  scripted_worker worker(held(released));
  const proxy_process proxy({worker.address() + ",max=1"}, {"--queue-max", "2", "--queue-timeout", "1m"});
  std::list<http_client> clients;
  const auto ask = [&](std::string_view metric, int n) {
    clients.push_back(proxy.connect());
    clients.back().send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(wait_until(5s, [&] { return proxy.metric(std::string(metric)) == n; }));
  };
  ask("requests_in_flight", 1);
  ask("requests_waiting", 1);
  ask("requests_waiting", 2);
  const auto refused = proxy.connect().get("/");
  CHECK(refused.status == 503);
  CHECK(refused.header("Retry-After"));
  CHECK(has(refused.body, "busy"));
  released = true;
  for (auto& client : clients) CHECK(client.read().status == 200);
}

TEST_CASE("a client that was refused may go on sending for its time and no longer", "[lb]") {
  const bool briefly = GENERATE(true, false);
  scripted_worker worker(answers());
  const proxy_process proxy({worker.address()}, {"--linger-timeout", briefly ? "300ms" : "1m"});
  auto client = proxy.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  CHECK(client.read().status == 400);
  CHECK(wait_until(2s, [&] { return proxy.metric("connections") == 0; }) == briefly);
}

TEST_CASE("a client that leaves gives up its place in the line", "[lb]") {
  scripted_worker worker(slow(2s));
  const proxy_process proxy({worker.address() + ",max=1"});
  auto first = proxy.connect();
  first.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(wait_until(5s, [&] { return worker.requests().size() == 1; }));
  {
    auto second = proxy.connect();
    second.send("POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    REQUIRE(wait_until(5s, [&] { return proxy.metric("requests_waiting") == 1; }));
  }
  CHECK(wait_until(1s, [&] { return proxy.metric("requests_waiting") == 0; }));
  CHECK(first.read().status == 200);
  CHECK(proxy.connect().get("/3").status == 200);
  for (const auto& request : worker.requests()) CHECK_FALSE(has(request, "/2"));
}

TEST_CASE("a client that leaves gives up its place whatever it has sent and nobody has read", "[lb]") {
  std::atomic<bool> released = false;
  scripted_worker worker(held(released));
  const proxy_process proxy({worker.address() + ",max=1"});
  auto first = proxy.connect();
  first.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(wait_until(5s, [&] { return worker.requests().size() == 1; }));
  const auto waiting = [&](int n) {
    return wait_until(5s, [&] { return proxy.metric("requests_waiting") == n; });
  };
  {
    auto writer = proxy.connect();
    writer.send("POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + std::string(60'000, 'x'));
    auto pipelining = proxy.connect();
    pipelining.send("GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(waiting(2));
    pipelining.send("GET /4 HTTP/1.1\r\nHost: a\r\n\r\n");
    std::this_thread::sleep_for(50ms);
    CHECK(waiting(2));
  }
  CHECK(waiting(0));
  released = true;
  CHECK(first.read().status == 200);
  CHECK(proxy.connect().get("/5").status == 200);
  CHECK(worker.requests().size() == 2);
}

TEST_CASE("a client that leaves gives up its place among retries too", "[lb]") {
  scripted_worker bad([](worker_connection& c, const std::string&) { c.close(); });
  std::atomic<bool> released = false;
  scripted_worker good(held(released));
  const proxy_process proxy(
      {bad.address() + ",weight=1000", good.address()},
      {"--failures-max", "1000000", "--retry-budget-percent", "0", "--queue-timeout", "10s"});
  std::list<http_client> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(proxy.connect());
    clients.back().send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  CHECK(wait_until(5s, [&] {
    return proxy.metric("retries_delayed_total") > 0 && proxy.metric("requests_in_flight") == 8;
  }));
  const auto in_line = proxy.metric("retries_delayed_total");
  clients.clear();
  CHECK(wait_until(5s, [&] { return proxy.metric("requests_in_flight") <= 8 - in_line; }));
  released = true;
}

TEST_CASE("a header of the PROXY protocol names the client, and without one nothing is served", "[lb]") {
  scripted_worker worker(answers());
  const proxy_process proxy({worker.address()}, {"--proxy-protocol"});
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string v2("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\x07\x7f\0\0\x01\x04\xd2\0\x50", 28);
  for (const auto& [header, address] :
       {std::pair<std::string, std::string>("PROXY TCP4 192.0.2.9 127.0.0.1 1234 80\r\n", "192.0.2.9"),
        {v2, "198.51.100.7"},
        {"PROXY UNKNOWN\r\n", "127.0.0.1"}}) {
    auto client = proxy.connect();
    client.send(header);
    std::this_thread::sleep_for(10ms);
    client.send(get);
    CHECK(client.read().status == 200);
    CHECK(client.get("/again").status == 200);
    CHECK(has(worker.requests().back(), "X-Forwarded-For: " + address + "\r\n"));
  }
  const auto before = worker.requests().size();
  for (const std::string& wrong : {get, "PROXY TCP4 x y 1 2\r\n" + get, "PROXY \r\n" + get}) {
    auto client = proxy.connect();
    client.send(wrong);
    CHECK_THROWS(client.read());
  }
  CHECK(worker.requests().size() == before);
}

TEST_CASE("fields of a trusted proxy are added to, of anybody else replaced", "[lb]") {
  scripted_worker worker(answers());
  for (const bool trusted : {false, true}) {
    const proxy_process proxy({worker.address()}, {"--trusted-proxy", trusted ? "127.0.0.0/8" : "10.0.0.0/8",
                                                   "--client-rate", "1"});
    auto client = proxy.connect();
    const auto ask = [&](const std::string& address) {
      return client.get("/", {{"X-Forwarded-For", address}, {"X-Forwarded-Proto", "https"}}).status;
    };
    CHECK(ask("192.0.2.1") == 200);
    CHECK(has(worker.requests().back(),
              trusted ? "X-Forwarded-For: 192.0.2.1, 127.0.0.1\r\n" : "X-Forwarded-For: 127.0.0.1\r\n"));
    CHECK(has(worker.requests().back(),
              trusted ? "X-Forwarded-Proto: https\r\n" : "X-Forwarded-Proto: http\r\n"));
    // Behind a proxy that is trusted each of its clients has a rate of its own.
    CHECK(ask("192.0.2.2") == (trusted ? 200 : 429));
    CHECK(ask("192.0.2.1") == 429);
    CHECK(ask("192.0.2.1:4711") == 429);
    const auto forwarded = client.get("/", {{"Forwarded", "for=\"192.0.2.3:4711\""}}).status;
    CHECK(forwarded == (trusted ? 200 : 429));
  }
}

TEST_CASE("an upgrade is passed over or tunnelled, as is wanted", "[lb]") {
  scripted_worker worker([](worker_connection& connection, const std::string& request) {
    if (!has(request, "Upgrade: echo")) return connection.send(answer_with("plain"));
    connection.send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-End: 1\r\n\r\nhello ");
    connection.send("[" + connection.read_rest() + "]");
    connection.close();
  });
  const std::string request =
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: echo\r\n\r\n";
  {
    const proxy_process proxy({worker.address()});
    auto client = proxy.connect();
    client.send(request);
    CHECK(client.read().body == "plain");
  }
  const proxy_process proxy({worker.address()}, {"--upgrade", "tunnel"});
  CHECK(fetch(proxy.port, "/").body == "plain");
  auto client = proxy.connect();
  client.send(request + "early ");
  const auto switched = client.read();
  CHECK(switched.status == 101);
  CHECK(switched.header("Upgrade") == "echo");
  CHECK(switched.header("Connection") == "Upgrade");
  CHECK(switched.header("X-End") == "1");
  client.send(std::string(100'000, 'x'));
  client.finish_sending();
  CHECK(client.read_all() == "hello [early " + std::string(100'000, 'x') + "]");
  CHECK(wait_until(5s, [&] { return proxy.metric("requests_in_flight") == 0; }));
  // A body, or HTTP/1.0, is no request to switch.
  auto old = proxy.connect();
  old.send("GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
  CHECK(old.read().body == "plain");
}

TEST_CASE("a worker that switches has answered", "[lb]") {
  scripted_worker one([](worker_connection& c, const std::string& request) {
    if (!has(request, "Upgrade: echo")) return c.reset();
    c.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    c.close();
  });
  scripted_worker other(answers());
  // The other one is there so that the first one is not the last.
  const proxy_process proxy({one.address() + ",weight=1000", other.address()},
                            {"--upgrade", "tunnel", "--failures-max", "3", "--aside-time", "1m"});
  for (int i = 0; i < 4; ++i) {
    CHECK(proxy.connect().put("/").status == 503);
    auto client = proxy.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    CHECK(client.read().status == 101);
    CHECK(client.read_all().empty());
  }
  const auto its = "worker=\"" + one.address() + "\"";
  CHECK(proxy.metric("worker_up{" + its + "}") == 1);
  CHECK(proxy.metric("worker_answers_total{" + its + ",status=\"1xx\"}") == 4);
  CHECK(proxy.metric("answers_total{status=\"1xx\"}") == 4);
  CHECK(proxy.metric("worker_answer_seconds_count{" + its + "}") == 4);
}

TEST_CASE("a switched connection that is silent is cut", "[lb]") {
  scripted_worker worker([](worker_connection& connection, const std::string&) {
    connection.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    connection.read_rest();
  });
  const proxy_process proxy({worker.address()}, {"--upgrade", "tunnel", "--tunnel-timeout", "300ms"});
  auto client = proxy.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
  CHECK(client.read().status == 101);
  CHECK(client.read_all().empty());
}

TEST_CASE("answers that are errors in a row put a worker aside", "[lb]") {
  scripted_worker bad(
      answering([](const std::string&) { return answer_with("no", "", "500 Internal Server Error"); }));
  scripted_worker good(answers());
  const proxy_process proxy({bad.address(), good.address()}, {"--errors-max", "5", "--aside-time", "1m"});
  auto client = proxy.connect();
  int errors = 0;
  for (int i = 0; i < 40; ++i) errors += client.get("/").status == 500;
  CHECK(errors == 5);
  CHECK(has(fetch(proxy.admin, "/workers").body, "\"aside\""));
}

TEST_CASE("requests that fail everywhere leave a worker to those that do not", "[lb]") {
  const auto script = [](worker_connection& c, std::string request) {
    for (; !request.empty(); request = c.read_request()) {
      if (request.starts_with("GET /lost")) return c.close();
      c.send(request.starts_with("GET /500") ? answer_with("no", "", "500 Internal Server Error")
                                             : answer_with("ok"));
    }
  };
  scripted_worker one(script);
  scripted_worker two(script);
  const std::string bad = GENERATE("/lost", "/500");
  const proxy_process proxy({one.address(), two.address()}, {"--errors-max", "5", "--aside-time", "1m"});
  for (int i = 0; i < 20; ++i) CHECK(proxy.connect().get(bad).status == (bad == "/500" ? 500 : 502));
  CHECK(has(fetch(proxy.admin, "/workers").body, "\"aside\""));
  CHECK(proxy.connect().get("/").status == 200);
}

TEST_CASE("when too few workers are healthy all get requests, if that is wanted", "[lb]") {
  scripted_worker worker(answers());
  const proxy_process proxy({worker.address()}, {"--panic-percent", "50"});
  CHECK(fetch(proxy.port, "/").status == 200);
  worker.set_ready(false);
  CHECK(wait_until(5s, [&] { return has(fetch(proxy.admin, "/workers").body, "\"down\""); }));
  CHECK(fetch(proxy.port, "/").status == 200);
}
