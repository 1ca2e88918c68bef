#include "lb/forward_head.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace atelier;
using namespace atelier::lb;

namespace {

http::request_head parsed_request(std::string_view bytes) {
  http::request_head head;
  REQUIRE(http::parse_request_head(bytes, {}, head).what == http::head_outcome::kind::complete);
  return head;
}

http::response_head parsed_response(std::string_view bytes, http::method asked = http::method::get) {
  http::response_head head;
  REQUIRE(http::parse_response_head(bytes, {}, asked, head).what == http::head_outcome::kind::complete);
  return head;
}

constexpr std::string_view new_id = "0af7651916cd43dd8448eb211c80319c";

struct rewritten {
  std::string text;
  bool repeatable = false;
  std::string request_id;
  std::string trace_id;
};

rewritten forward(std::string_view bytes, bool trusted = false) {
  rewritten r;
  const auto head = parsed_request(bytes);
  const client_facts client{.address = "192.0.2.7", .trusted = trusted};
  const auto facts = write_request_head(head, client, "worker:1", new_id, r.text);
  r.repeatable = facts.repeatable;
  r.request_id = r.text.substr(facts.request_id_at, facts.request_id_bytes);
  r.trace_id = r.text.substr(facts.trace_at, 32);
  return r;
}

std::string answer(std::string_view bytes, answer_facts facts = {}, http::method asked = http::method::get) {
  std::string out;
  write_response_head(parsed_response(bytes, asked), facts, out);
  return out;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("a request's head is written anew with what a worker should know") {
  const auto r = forward("GET /reviews?product_id=1 HTTP/1.1\r\nHost: shop\r\nAccept: */*\r\n\r\n");
  CHECK(r.text ==
        "GET /reviews?product_id=1 HTTP/1.1\r\nHost: shop\r\nAccept: */*\r\nVia: 1.1 atelier\r\n"
        "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: shop\r\n"
        "Forwarded: for=192.0.2.7;host=\"shop\";proto=http\r\n"
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-8448eb211c80319c-00\r\n"
        "X-Request-Id: 0af7651916cd43dd8448eb211c80319c\r\n\r\n");
  CHECK(r.request_id == new_id);
  CHECK(r.trace_id == new_id);
}

TEST_CASE("hop-by-hop fields and those that Connection names do not pass") {
  const auto r = forward(
      "GET / HTTP/1.1\r\nHost: shop\r\nConnection: close, X-Secret\r\nconnection: Other\r\nX-Secret: "
      "1\r\nOTHER: 2\r\n"
      "Keep-Alive: timeout=5\r\nProxy-Connection: close\r\nTE: trailers\r\nTrailer: X\r\nUpgrade: h2c\r\n"
      "Proxy-Authorization: Basic x\r\nKept: 3\r\n\r\n");
  for (const auto gone :
       {"Connection", "connection", "X-Secret", "OTHER", "Keep-Alive", "TE:", "Trailer", "Upgrade", "Basic"})
    CHECK_FALSE(has(r.text, gone));
  CHECK(has(r.text, "Kept: 3\r\n"));
}

TEST_CASE("Connection cannot take away what we write ourselves") {
  const auto r = forward(
      "POST / HTTP/1.1\r\nHost: shop\r\nConnection: Host, Content-Length, X-Forwarded-For\r\nContent-Length: "
      "3\r\n\r\n");
  CHECK(has(r.text, "Host: shop\r\n"));
  CHECK(has(r.text, "Content-Length: 3\r\n"));
  CHECK(has(r.text, "X-Forwarded-For: 192.0.2.7\r\n"));
}

TEST_CASE("the authority of an absolute target wins over Host") {
  const auto r = forward("GET http://real:81/a?b=1 HTTP/1.1\r\nHost: other\r\n\r\n");
  CHECK(r.text.starts_with("GET /a?b=1 HTTP/1.1\r\nHost: real:81\r\n"));
  CHECK_FALSE(has(r.text, "other"));
}

TEST_CASE("an empty query of an absolute target stays one") {
  CHECK(
      forward("GET http://shop/a? HTTP/1.1\r\nHost: shop\r\n\r\n").text.starts_with("GET /a? HTTP/1.1\r\n"));
  CHECK(forward("GET http://shop? HTTP/1.1\r\nHost: shop\r\n\r\n").text.starts_with("GET /? HTTP/1.1\r\n"));
  CHECK(forward("GET http://shop HTTP/1.1\r\nHost: shop\r\n\r\n").text.starts_with("GET / HTTP/1.1\r\n"));
}

TEST_CASE("what a reader that knows no hyphens would take for a field of ours does not pass") {
  for (const bool trusted : {false, true}) {
    const auto text =
        forward(
            "POST / HTTP/1.1\r\nHost: shop\r\nX_Forwarded_For: 9.9.9.9\r\nx-forwarded_proto: twin\r\n"
            "X_FORWARDED_HOST: twin\r\nX_Request_Id: twin\r\nContent_Length: 99\r\n"
            "Transfer_Encoding: twin\r\nX_Session_Id: kept\r\nContent-Length: 3\r\n\r\n",
            trusted)
            .text;
    for (const auto gone : {"9.9.9.9", "twin", "99"}) CHECK_FALSE(has(text, gone));
    CHECK(has(text, "X_Session_Id: kept\r\n"));
    CHECK(has(text, "X-Forwarded-For: 192.0.2.7\r\n"));
  }
  CHECK(has(answer("HTTP/1.1 200 OK\r\nX_Request_Id: mine\r\nContent-Length: 0\r\n\r\n"),
            "X_Request_Id: mine\r\n"));
}

TEST_CASE("Host is in lower case and without the usual port, X-Forwarded-Host is as it was said") {
  const auto host = [](const std::string& said) {
    const auto text = forward("GET / HTTP/1.1\r\nHost: " + said + "\r\n\r\n").text;
    CHECK(has(text, "\r\nX-Forwarded-Host: " + said + "\r\n"));
    const auto at = text.find("Host: ") + 6;
    return text.substr(at, text.find("\r\n", at) - at);
  };
  CHECK(host("Shop.EXAMPLE:80") == "shop.example");
  CHECK(host("shop:") == "shop");
  CHECK(host("shop:8080") == "shop:8080");
  CHECK(host("[2001:DB8::80]") == "[2001:db8::80]");
  CHECK(host("[::1]:80") == "[::1]");
}

TEST_CASE("HTTP/1.0 without a Host gets one") {
  CHECK(forward("GET / HTTP/1.0\r\n\r\n").text.starts_with("GET / HTTP/1.1\r\nHost: worker:1\r\n"));
  CHECK(has(forward("GET / HTTP/1.0\r\n\r\n").text, "Via: 1.0 atelier\r\n"));
}

TEST_CASE("a request id of visible ASCII passes, any other is replaced") {
  CHECK(forward("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: abc-1\r\n\r\n").request_id == "abc-1");
  CHECK(forward("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: a b\r\n\r\n").request_id == new_id);
  CHECK(forward("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: " + std::string(129, 'x') + "\r\n\r\n")
            .request_id == new_id);
  CHECK(forward("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: \xc3\xa9\r\n\r\n").request_id == new_id);
  const auto twice = forward("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: one\r\nX-Request-Id: two\r\n\r\n");
  CHECK(twice.request_id == "one");
  CHECK_FALSE(has(twice.text, "two"));
}

TEST_CASE("forwarding fields are believed of trusted clients only") {
  const std::string_view request =
      "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.1.1.1\r\nX-Forwarded-Proto: "
      "https\r\nX-Forwarded-Host: b\r\n"
      "Forwarded: for=10.1.1.1\r\n\r\n";
  const auto stranger = forward(request, false).text;
  CHECK(has(stranger, "X-Forwarded-For: 192.0.2.7\r\n"));
  CHECK(has(stranger, "X-Forwarded-Proto: http\r\n"));
  CHECK(has(stranger, "X-Forwarded-Host: a\r\n"));
  CHECK(has(stranger, "\r\nForwarded: for=192.0.2.7;host=\"a\";proto=http\r\n"));
  CHECK_FALSE(has(stranger, "10.1.1.1"));
  const auto friendly = forward(request, true).text;
  CHECK(has(friendly, "X-Forwarded-For: 10.1.1.1, 192.0.2.7\r\n"));
  CHECK(has(friendly, "X-Forwarded-Proto: https\r\n"));
  CHECK(has(friendly, "X-Forwarded-Host: b\r\n"));
  CHECK(has(friendly, "\r\nForwarded: for=10.1.1.1, for=192.0.2.7;host=\"a\";proto=http\r\n"));
}

TEST_CASE("lists over several lines are one line behind a trusted proxy, in their order") {
  const auto text = forward(
                        "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\nForwarded: for=1.1.1.1\r\n"
                        "X-Forwarded-For: 2.2.2.2, 3.3.3.3\r\nForwarded: for=2.2.2.2\r\n\r\n",
                        true)
                        .text;
  CHECK(has(text, "\r\nX-Forwarded-For: 1.1.1.1, 2.2.2.2, 3.3.3.3, 192.0.2.7\r\n"));
  CHECK(has(text, "\r\nForwarded: for=1.1.1.1, for=2.2.2.2, for=192.0.2.7;host=\"a\";proto=http\r\n"));
}

TEST_CASE("a trace that is under way goes on, and one that is malformed begins anew without its state") {
  const std::string right = "traceparent: 00-11111111111111111111111111111111-2222222222222222-01\r\n";
  const auto on = forward("GET / HTTP/1.1\r\nHost: a\r\ntracestate: x=1\r\n" + right + "\r\n");
  CHECK(has(on.text, right));
  CHECK(has(on.text, "tracestate: x=1\r\n"));
  CHECK(on.trace_id == std::string(32, '1'));
  const std::string later = "traceparent: 01-11111111111111111111111111111111-2222222222222222-01-more\r\n";
  CHECK(has(forward("GET / HTTP/1.1\r\nHost: a\r\n" + later + "\r\n").text, later));
  const auto anew =
      forward("GET / HTTP/1.1\r\nHost: a\r\ntraceparent: 00-ab-cd-01\r\ntracestate: x=1\r\n\r\n");
  CHECK_FALSE(has(anew.text, "00-ab-cd-01"));
  CHECK_FALSE(has(anew.text, "tracestate"));
  CHECK(anew.trace_id == new_id);
}

TEST_CASE("other end-to-end fields pass as they are") {
  const auto r = forward("GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 first\r\n\r\n");
  CHECK(r.text.find("Via: 1.1 first") < r.text.find("Via: 1.1 atelier"));
}

TEST_CASE("the body's framing is ours") {
  CHECK(has(forward("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 007\r\n\r\n").text,
            "Content-Length: 7\r\n"));
  CHECK(has(forward("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n").text,
            "Transfer-Encoding: chunked\r\n"));
  CHECK(has(forward("PUT / HTTP/1.1\r\nHost: a\r\n\r\n").text, "Content-Length: 0\r\n"));
  CHECK_FALSE(has(forward("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").text, "Content-Length"));
  CHECK(has(forward("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n").text,
            "Expect: 100-continue\r\n"));
  CHECK_FALSE(has(forward("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n").text, "Expect"));
}

TEST_CASE("what may be repeated is known by method, and a POST by a key that reaches the worker") {
  for (const std::string method : {"GET", "HEAD", "OPTIONS"})
    CHECK(forward(method + " / HTTP/1.1\r\nHost: a\r\n\r\n").repeatable);
  for (const std::string method : {"PUT", "POST", "DELETE", "PATCH"})
    CHECK_FALSE(forward(method + " / HTTP/1.1\r\nHost: a\r\n\r\n").repeatable);
  CHECK(forward("POST / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: k\r\n\r\n").repeatable);
  CHECK_FALSE(forward("POST / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: \r\n\r\n").repeatable);
  CHECK_FALSE(forward("PUT / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: k\r\n\r\n").repeatable);
  CHECK_FALSE(
      forward("POST / HTTP/1.1\r\nHost: a\r\nConnection: idempotency-key\r\nIdempotency-Key: k\r\n\r\n")
          .repeatable);
}

TEST_CASE("an answer's head is written anew") {
  CHECK(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nDate: "
               "x\r\nETag: \"x\"\r\n\r\n",
               {.request_id = "id"}) ==
        "HTTP/1.1 200 OK\r\nDate: x\r\nETag: \"x\"\r\nContent-Length: 2\r\nX-Request-Id: id\r\n\r\n");
  CHECK(has(
      answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Request-Id: theirs\r\n\r\n", {.request_id = "id"}),
      "X-Request-Id: theirs\r\n"));
}

TEST_CASE("an answer without a Date gets one") {
  CHECK(has(answer("HTTP/1.1 204 No Content\r\n\r\n"), "\r\nDate: "));
}

TEST_CASE("a client's version decides how a body without a length ends") {
  const std::string_view chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string_view until_end = "HTTP/1.0 200 OK\r\n\r\n";
  CHECK(has(answer(chunked), "Transfer-Encoding: chunked\r\n"));
  CHECK(has(answer(until_end), "Transfer-Encoding: chunked\r\n"));
  const answer_facts old_client{.minor_version = 0, .keep_alive = false};
  CHECK_FALSE(has(answer(chunked, old_client), "Transfer-Encoding"));
  CHECK(has(answer(chunked, old_client), "Connection: close\r\n"));
  CHECK(has(answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", {.minor_version = 0}),
            "Connection: keep-alive\r\n"));
}

TEST_CASE("an answer without a body keeps its length where it may have one") {
  CHECK(has(answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", {}, http::method::head),
            "Content-Length: 9\r\n"));
  CHECK(has(answer("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"), "Content-Length: 9\r\n"));
  CHECK_FALSE(has(answer("HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n"), "Content-Length"));
}

TEST_CASE("an interim answer passes without hop-by-hop fields") {
  std::string out;
  write_interim_head(parsed_response("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: close\r\n\r\n"),
                     out);
  CHECK(out == "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
}

TEST_CASE("Max-Forwards of OPTIONS and TRACE is counted down, of others and where it is no number it stays") {
  CHECK(has(forward("OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 10\r\n\r\n").text,
            "\r\nMax-Forwards: 9\r\n"));
  CHECK(
      has(forward("TRACE / HTTP/1.1\r\nHost: a\r\nmax-forwards: 1\r\n\r\n").text, "\r\nMax-Forwards: 0\r\n"));
  CHECK(
      has(forward("GET / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 10\r\n\r\n").text, "\r\nMax-Forwards: 10\r\n"));
  for (const std::string no_number : {"", "-1", "1x", "x", "99999999999999999999999"})
    CHECK(has(forward("OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: " + no_number + "\r\n\r\n").text,
              "\r\nMax-Forwards: " + no_number + "\r\n"));
}
