// Of a request with a bad head not one byte reaches a worker, and a bad body never reaches it as a complete
// request.
#include "integration/lb_proxy_process.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>

#include <thread>

using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

struct refusal {
  std::string why;  // with the section of RFC 9112 or RFC 9110
  std::string request;
  int status;
};

std::vector<refusal> bad_heads() {
  const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  return {
      {"9112 6.1: length and coding",
       post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"9112 6.3: two lengths", post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400},
      {"9112 6.3: a list of lengths", post + "Content-Length: 3, 3\r\n\r\nabc", 400},
      {"9110 8.6: a signed length", post + "Content-Length: +3\r\n\r\nabc", 400},
      {"9110 8.6: a negative length", post + "Content-Length: -3\r\n\r\nabc", 400},
      {"9110 8.6: a hexadecimal length", post + "Content-Length: 0x3\r\n\r\nabc", 400},
      {"9110 8.6: an empty length", post + "Content-Length:\r\n\r\n", 400},
      {"9110 8.6: an overflowing length", post + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {"9112 6.1: chunked is not the last coding", post + "Transfer-Encoding: chunked, gzip\r\n\r\n", 400},
      {"9112 6.1: chunked twice", post + "Transfer-Encoding: chunked, chunked\r\n\r\n", 400},
      {"9112 6.1: an unknown coding", post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"9112 6.1: a hidden coding", post + "Transfer-Encoding: xchunked\r\n\r\n", 400},
      {"9112 6.1: two Transfer-Encoding fields",
       post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"9112 6.1: a coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"9112 5.1: a blank before the colon", post + "Transfer-Encoding : chunked\r\n\r\n", 400},
      {"9112 5.2: a folded line", get + "X: 1\r\n 2\r\n\r\n", 400},
      {"9112 2.2: a bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"9112 2.2: a bare LF in the fields", get + "X: 1\nY: 2\r\n\r\n", 400},
      {"9112 2.2: a bare CR", get + "X: 1\rY: 2\r\n\r\n", 400},
      {"9110 5.5: NUL in a value", get + std::string("X: 1\0 2\r\n\r\n", 11), 400},
      {"9112 5: a field without a colon", get + "X\r\n\r\n", 400},
      {"9112 5: a field without a name", get + ": 1\r\n\r\n", 400},
      {"9110 5.6.2: a name that is no token", get + "X(: 1\r\n\r\n", 400},
      {"9112 2.2: blanks before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {"9112 3.2: no Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"9112 3.2: two Hosts", get + "Host: a\r\n\r\n", 400},
      {"9112 3.2: a Host that is none", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"9112 3: two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"9112 3: no version", "GET /\r\nHost: a\r\n\r\n", 400},
      {"9112 2.3: a lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
      {"9112 2.3: HTTP/2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"9112 3.2: a relative target", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"9112 3.2: a target with a fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"9112 3.2.3: CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"9112 3.2.4: * for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"9112 3: a method that is no token", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"9112 3: not HTTP", "\x16\x03\x01\x02\x00\x01\x00", 400},
      {"9110 15.5.15: a long target", "GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"6585 5: a long head", get + "X: " + std::string(20000, 'x') + "\r\n\r\n", 431},
      {"9110 15.5.18: an unknown expectation", post + "Expect: magic\r\n\r\n", 417},
  };
}

}  // namespace

TEST_CASE("a request with a bad head is refused and no byte of it reaches a worker", "[lb]") {
  scripted_worker worker(answering([](const std::string&) { return answer_with("ok"); }));
  const proxy_process proxy({worker.address()});
  for (const auto& [why, request, status] : bad_heads()) {
    INFO(why);
    auto client = proxy.connect(5s);
    client.send(request);
    const auto answer = client.read();
    CHECK(answer.status == status);
    CHECK(answer.body.starts_with("Error: "));
    CHECK(answer.header("Connection") == "close");
    CHECK(client.is_closed());
  }
  CHECK(worker.connections() == 0);
}

TEST_CASE("a bad head behind a good request ends the connection there", "[lb]") {
  scripted_worker worker(answering([](const std::string&) { return answer_with("ok"); }));
  const proxy_process proxy({worker.address()});
  auto client = proxy.connect();
  client.send(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nGET /3 "
      "HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(client.read().status == 200);
  CHECK(client.read().status == 400);
  CHECK(client.is_closed());
  CHECK(worker.requests().size() == 1);
}

TEST_CASE("a bad body is never a complete request, and ends the connection", "[lb]") {
  scripted_worker worker(answering([](const std::string&) { return answer_with("ok"); }));
  const proxy_process proxy({worker.address()});
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string body : {"g\r\n", "-1\r\n", "0x3\r\nabc\r\n", " 3\r\nabc\r\n", "3\nabc\r\n",
                                 "3\r\nabcd\r\n", "3\r\nabc0\r\n\r\n", "\r\n", "ffffffffffffffff1\r\n",
                                 "3\r\nabc\r\n0\r\n X: 1\r\n\r\n", "3\r\nabc\r\n0\n\n"}) {
    for (const bool at_once : {true, false}) {
      INFO(body);
      auto client = proxy.connect(5s);
      client.send(at_once ? head + body : head);
      if (!at_once) {
        std::this_thread::sleep_for(20ms);
        client.send(body);
      }
      CHECK(client.read().status == 400);
      CHECK(client.is_closed());
    }
  }
  CHECK(worker.requests().empty());
  CHECK(fetch(proxy.port, "/").status == 200);
}

TEST_CASE("a client that leaves in the middle of a body leaves no request behind", "[lb]") {
  scripted_worker worker(answering([](const std::string&) { return answer_with("ok"); }));
  const proxy_process proxy({worker.address()});
  {
    auto client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
    CHECK(
        wait_until(5s, [&] { return worker.connections() == 1 || proxy.metric("requests_in_flight") == 1; }));
  }
  CHECK(wait_until(5s, [&] { return proxy.metric("requests_in_flight") == 0; }));
  CHECK(worker.requests().empty());
}

TEST_CASE("a head or a body that comes too slowly is 408, and a connection at rest is closed", "[lb]") {
  scripted_worker worker(answering([](const std::string&) { return answer_with("ok"); }));
  const proxy_process proxy(
      {worker.address()}, {"--head-timeout", "300ms", "--body-timeout", "300ms", "--idle-timeout", "300ms"});
  auto head = proxy.connect();
  auto body = proxy.connect();
  auto rest = proxy.connect();
  head.send("GET / HTTP/1.1\r\nHo");
  body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  CHECK(rest.get("/").status == 200);
  CHECK(head.read().status == 408);
  CHECK(body.read().status == 408);
  CHECK(rest.is_closed());
  CHECK(worker.requests().size() == 1);
}

TEST_CASE("a refused head is said as the client accepts it, as far as that could be read", "[lb]") {
  scripted_worker worker(answering([](const std::string&) { return answer_with("ok"); }));
  const proxy_process proxy({worker.address()});
  for (const std::string accept : {"Accept: application/problem+json\r\n",
                                   "Accept: text/html\r\nAccept: application/problem+json\r\n"}) {
    auto client = proxy.connect();
    client.send("GET / HTTP/1.1\r\n" + accept + "Host: a\r\nHost: b\r\n\r\n");
    const auto answer = client.read();
    CHECK(answer.status == 400);
    CHECK(answer.header("Content-Type") == "application/problem+json");
    CHECK(answer.body.find(R"("detail":"Error: more than one Host")") != std::string::npos);
  }
}
