// The wire: requests in any split of their bytes, many in one packet, and everything that two readers could
// understand in two ways.
#include "contract_house.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <thread>

namespace atelier::test {
namespace {

using namespace std::chrono_literals;

std::string request_for(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: t\r\n\r\n";
}

std::string post_of(const std::string& target, const std::string& body) {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", target,
      body.size(), body);
}

// Sent as they are; the answer must be this error, and then the connection must end without another byte.
void check_refused(house& h, const std::string& bytes, int status) {
  INFO(bytes.substr(0, 300));
  http_client client = h.connect();
  client.send(bytes);
  const http_answer a = client.read();
  CHECK(a.status == status);
  CHECK(client.is_closed());
}

}  // namespace

TEST_CASE("requests sent byte by byte are understood", "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  const std::string body = valid_question(product).text();
  const std::string chunked = fmt::format(
      "POST /qa/questions HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: "
      "chunked\r\n\r\n5\r\n{}\r\n{:X};ext=\"a\\\"b\"\r\n{}\r\n"
      "0\r\nTrailer: x\r\n\r\n",
      body.substr(0, 5), body.size() - 5, body.substr(5));
  http_client client = h.connect();
  for (const std::string& request : {request_for("/reviews?product_id=2"), post_of("/qa/questions", body),
                                     chunked, request_for("/reviews/meta?product_id=2")}) {
    for (const char byte : request) client.send(std::string_view(&byte, 1));
    CHECK(client.read().status == (request.front() == 'P' ? 201 : 200));
  }
}

TEST_CASE("pipelined requests of every kind are answered in order", "[contract]") {
  house& h = house::open();
  http_client client = h.connect();
  std::string all;
  std::vector<std::pair<int, std::string>> expected;
  const auto add = [&](const std::string& request, int status, const std::string& body) {
    all += request;
    expected.emplace_back(status, body);
  };
  for (std::int64_t product = 1; product <= 40; ++product) {
    add(request_for(fmt::format("/reviews?product_id={}", product)), 200, reviews_json(h.expected, product));
    add(request_for(fmt::format("/qa/questions?product_id={}&count=1000000", product)), 200,
        questions_json(h.expected, product, {1, 1'000'000}));
    add(request_for("/reviews?product_id=x"), 422, "Error: invalid product_id provided");
    add(request_for(fmt::format("/reviews/meta?product_id={}", product)), 200,
        meta_json(h.expected, product));
    add(post_of("/reviews", "{}"), 422, "Error: Review body contains invalid entries");
    add("PUT /reviews/88888888/helpful HTTP/1.1\r\nHost: t\r\n\r\n", 404,
        "Error: invalid review id provided");
  }
  std::thread sender([&] { client.send(all); });  // while we read: neither side may wait for the other
  std::size_t right = 0;
  for (const auto& [status, body] : expected) {
    const http_answer a = client.read();
    right += a.status == status && a.body == body;
    if (a.status != status || a.body != body) CHECK(a.body == body);
  }
  sender.join();
  CHECK(right == expected.size());
}

TEST_CASE("a read pipelined behind a write sees it", "[contract]") {
  house& h = house::open();
  http_client client = h.connect();
  for (int round = 0; round < 5; ++round) {
    const std::int64_t product = h.fresh_product();
    const std::string read = request_for(fmt::format("/reviews/meta?product_id={}", product));
    client.send(read + post_of("/reviews", valid_review(product).text()) + read);
    CHECK_THAT(client.read().body, Catch::Contains(R"("ratings":{},)"));
    CHECK(client.read().status == 201);
    CHECK_THAT(client.read().body, Catch::Contains(R"("ratings":{"4":"1"})"));
  }
}

TEST_CASE("a connection stays open for more, and ends when the client says so", "[contract]") {
  house& h = house::open();
  http_client client = h.connect();
  for (const std::string target : {"/reviews?product_id=1", "/nowhere", "/reviews", "/reviews/88888888"}) {
    CHECK(client.get(target).status != 0);
  }
  CHECK(client.post("/reviews", "{").status == 400);  // a body that is no JSON does not end it
  CHECK(client.get("/reviews?product_id=1", {{"Connection", "close"}}).status == 200);
  CHECK(client.is_closed());

  http_client old = h.connect();
  old.send("GET /reviews?product_id=1 HTTP/1.0\r\n\r\n");
  CHECK(old.read().body == reviews_json(h.expected, 1));
  CHECK(old.is_closed());
}

TEST_CASE("a client that has sent everything and shut its side is still answered", "[contract]") {
  house& h = house::open();
  http_client client = h.connect();
  client.send(request_for("/reviews?product_id=1") + request_for("/reviews?product_id=2"));
  client.finish_sending();
  CHECK(client.read().body == reviews_json(h.expected, 1));
  CHECK(client.read().body == reviews_json(h.expected, 2));
  CHECK(client.is_closed());
}

TEST_CASE("ambiguous framing is 400 and a close", "[contract]") {
  house& h = house::open();
  const std::string start = "POST /reviews HTTP/1.1\r\nHost: t\r\n";
  const std::string behind = "\r\n0\r\n\r\nGET /live HTTP/1.1\r\nHost: t\r\n\r\n";  // must never be answered
  for (const std::string field : {"Content-Length: 3\r\nTransfer-Encoding: chunked",
                                  "Transfer-Encoding: chunked\r\nContent-Length: 3",
                                  "Transfer-Encoding: gzip",
                                  "Transfer-Encoding: chunked, gzip",
                                  "Transfer-Encoding: chunked, chunked",
                                  "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                                  "Transfer-Encoding: xchunked",
                                  "Transfer-Encoding: \"chunked\"",
                                  "Transfer-Encoding:",
                                  "Transfer-Encoding: chunked,",
                                  "Content-Length: 3, 3",
                                  "Content-Length: 3\r\nContent-Length: 3",
                                  "Content-Length: 3\r\nContent-Length: 4",
                                  "Content-Length: -3",
                                  "Content-Length: +3",
                                  "Content-Length: 0x3",
                                  "Content-Length: 3 3",
                                  "Content-Length: three",
                                  "Content-Length:",
                                  "Content-Length: 99999999999999999999",
                                  "Content-Length : 3",
                                  "Content-Length\t: 3",
                                  " Content-Length: 3",
                                  "X: a\r\n b",
                                  "X: a\r\n\tb",
                                  "X",
                                  ": x",
                                  "X Y: z",
                                  "X: a\rb",
                                  "Host: u",
                                  "Host: t",
                                  "X\x01: y",
                                  "X\xC3\xA9: y",
                                  "(X): y"}) {
    check_refused(h, start + field + "\r\n" + behind, 400);
  }
  check_refused(h, start + "Transfer-Encoding: gzip, chunked\r\n" + behind, 501);  // clear, but not for us
  check_refused(h, start + "X: a" + std::string(1, '\0') + "b\r\n" + behind, 400);
  for (const std::string body :
       {"g\r\nabc\r\n0\r\n\r\n", "\r\nabc\r\n0\r\n\r\n", "-1\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n",
        "3\nabc\n0\n\n", " 3\r\nabc\r\n0\r\n\r\n", "3 \r\nabc\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\nabc\r\n0\r\n\r\n", "0x3\r\nabc\r\n0\r\n\r\n", "3\r\nabc0\r\n\r\n",
        "3\r\nabc\r\n0\r\nbad trailer\r\n\r\n"}) {
    check_refused(h, start + "Transfer-Encoding: chunked\r\n\r\n" + body + request_for("/live"), 400);
  }
}

TEST_CASE("a head that is not HTTP is refused and the connection closed", "[contract]") {
  house& h = house::open();
  const std::vector<std::pair<std::string, int>> heads = {
      {"GET /reviews HTTP/1.1\r\n\r\n", 400},  // no Host
      {"GET /reviews HTTP/1.1\r\nHost:\r\nHost:\r\n\r\n", 400},
      {"GET /reviews HTTP/1.1\nHost: t\n\n", 400},  // bare LF
      {"GET /reviews HTTP/1.1\r\nHost: t\n\r\n", 400},
      {"GET /reviews HTTP/1.1\rHost: t\r\n\r\n", 400},
      {"GET  /reviews HTTP/1.1\r\nHost: t\r\n\r\n", 400},
      {"GET /reviews  HTTP/1.1\r\nHost: t\r\n\r\n", 400},
      {"GET\t/reviews HTTP/1.1\r\nHost: t\r\n\r\n", 400},
      {"GET /rev iews HTTP/1.1\r\nHost: t\r\n\r\n", 400},
      {"GET /reviews\r\nHost: t\r\n\r\n", 400},
      {"GET reviews HTTP/1.1\r\nHost: t\r\n\r\n", 400},
      {"GET /reviews\x01 HTTP/1.1\r\nHost: t\r\n\r\n", 400},
      {"GET /reviews http/1.1\r\nHost: t\r\n\r\n", 400},
      {"G@T /reviews HTTP/1.1\r\nHost: t\r\n\r\n", 400},
      {" GET /reviews HTTP/1.1\r\nHost: t\r\n\r\n", 400},
      {"GET /reviews HTTP/2.0\r\nHost: t\r\n\r\n", 505},
      {"GET /reviews HTTP/3.7\r\nHost: t\r\n\r\n", 505},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"\x16\x03\x01\x02\x01\x01\r\n\r\n", 400},  // TLS on the plain port
      {"GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: t\r\n\r\n", 414},
      {"GET /reviews HTTP/1.1\r\nHost: t\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n", 431}};
  for (const auto& [head, status] : heads) check_refused(h, head, status);
  std::string many = "GET /reviews HTTP/1.1\r\nHost: t\r\n";
  for (int i = 0; i < 200; ++i) many += fmt::format("X{}: y\r\n", i);
  check_refused(h, many + "\r\n", 431);
}

TEST_CASE("what HTTP allows is taken", "[contract]") {
  house& h = house::open();
  const std::string expected = reviews_json(h.expected, 2);
  for (const std::string request :
       {"GET /reviews?product_id=2 HTTP/1.1\r\nhOsT:t\r\n\r\n",
        "\r\nGET /reviews?product_id=2 HTTP/1.1\r\nHost: t\r\n\r\n",
        "GET /reviews?product_id=2 HTTP/1.1\r\nHost:  \t t \t \r\nX-Empty:\r\n\r\n",
        "GET http://t/reviews?product_id=2 HTTP/1.1\r\nHost: t\r\n\r\n",
        "GET /reviews?product_id=2 HTTP/1.1\r\nHost:\r\n\r\n",
        "GET /reviews?product_id=2 HTTP/1.1\r\nHost: t\r\nX: caf\xE9\r\n\r\n",
        "GET /reviews?product_id=2 HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
        "GET /reviews?product_id=2 HTTP/1.1\r\nHost: t\r\nContent-Length: 00\r\n\r\n",
        "GET /reviews?product_id=2 HTTP/1.1\r\nHost: t\r\nConnection: keep-alive, x\r\n\r\n"}) {
    INFO(request);
    http_client client = h.connect();
    client.send(request);
    const http_answer a = client.read();
    CHECK(a.status == 200);
    CHECK(a.body == expected);
  }
}

TEST_CASE("a client that leaves in the middle harms nobody", "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  const std::string post = post_of("/reviews", valid_review(product).text());
  for (const std::size_t sent : {std::size_t{1}, std::size_t{30}, post.size() / 2, post.size() - 1}) {
    http_client client = h.connect();
    client.send(post.substr(0, sent));
  }
  {
    http_client client = h.connect();  // asks for much and does not read
    std::string many;
    for (int i = 0; i < 200; ++i) many += request_for("/reviews?product_id=1&count=1000000");
    client.send(many);
  }
  CHECK(h.get(fmt::format("/reviews?product_id={}", product)).body == reviews_json(h.expected, product));
}

}  // namespace atelier::test
