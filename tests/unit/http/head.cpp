#include "core/http/head.hpp"

#include <catch2/catch.hpp>

#include <cctype>
#include <string>

using namespace atelier::http;
using kind = head_outcome::kind;

namespace {

head_outcome parse(std::string_view bytes, request_head& head) { return parse_request_head(bytes, {}, head); }

// The status of a refusal, 0 for a complete head, 1 for an incomplete one.
unsigned status_of(std::string_view bytes) {
  request_head head;
  const auto outcome = parse(bytes, head);
  return outcome.what == kind::refused ? outcome.status : outcome.what == kind::complete ? 0 : 1;
}

std::string with(std::string_view fields) {
  return "GET / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
}

}  // namespace

TEST_CASE("a request's head is read in place") {
  const std::string bytes =
      "POST /reviews/?a=1&b HTTP/1.1\r\nHost: shop:80\r\ncontent-LENGTH:  12 \r\nX:\r\n\r\nbody";
  request_head head;
  const auto outcome = parse(bytes, head);
  REQUIRE(outcome.what == kind::complete);
  CHECK(bytes.substr(outcome.size) == "body");
  CHECK(head.verb == method::post);
  CHECK(head.path == "/reviews/");
  CHECK(head.query == "a=1&b");
  CHECK(head.host == "shop:80");
  CHECK(head.body == framing::sized);
  CHECK(head.content_length == 12);
  CHECK(head.keep_alive);
  CHECK(head.fields.size() == 3);
  CHECK(head.fields.find("x") == "");
  CHECK_FALSE(head.fields.find("y"));
}

TEST_CASE("a head is incomplete at each of its bytes, and complete at the last") {
  const std::string bytes = "\r\nGET /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n";
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    INFO("bytes: " << n);
    CHECK(status_of(bytes.substr(0, n)) == 1);
  }
  request_head head;
  CHECK(parse(bytes, head).what == kind::complete);
  CHECK(head.body == framing::chunked);
}

TEST_CASE("what two readers could understand in two ways is refused") {
  const auto [status, fields] = GENERATE(table<unsigned, const char*>({
      {400, "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"},
      {400, "Content-Length: 3\r\nContent-Length: 3\r\n"},
      {400, "Content-Length: 3, 3\r\n"},
      {400, "Content-Length: +3\r\n"},
      {400, "Content-Length: -3\r\n"},
      {400, "Content-Length: 0x3\r\n"},
      {400, "Content-Length:\r\n"},
      {400, "Content-Length: 99999999999999999999\r\n"},
      {400, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"},
      {400, "Transfer-Encoding: chunked, chunked\r\n"},
      {400, "Transfer-Encoding: chunked, gzip\r\n"},
      {400, "Transfer-Encoding: xchunked\r\n"},
      {400, "Transfer-Encoding: identity\r\n"},
      {400, "Transfer-Encoding:\r\n"},
      {501, "Transfer-Encoding: gzip, chunked\r\n"},
      {400, "Host: other\r\n"},
      {400, "X : 1\r\n"},
      {400, " folded\r\n"},
      {400, "X: 1\r\n folded\r\n"},
      {400, "no colon\r\n"},
      {400, ": no name\r\n"},
      {400, "X: a\rb\r\n"},
      {400, "X: a\nY: b\r\n"},
      {400, "X: \x01\r\n"},
      {400, "X\x80: 1\r\n"},
      {417, "Expect: magic\r\n"},
  }));
  INFO(fields);
  CHECK(status_of(with(fields)) == status);
}

TEST_CASE("a NUL in a head is refused") {
  CHECK(status_of(with(std::string("X: a\0b\r\n", 8))) == 400);
  CHECK(status_of(std::string("GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n", 28)) == 400);
}

TEST_CASE("a request line is a method, a target and a version, one blank between them") {
  const auto [status, line] = GENERATE(table<unsigned, const char*>({
      {0, "GET / HTTP/1.1"},          {0, "GET / HTTP/1.0"},          {0, "GET / HTTP/1.7"},
      {0, "OPTIONS * HTTP/1.1"},      {0, "GET http://h/ HTTP/1.1"},  {0, "GET HTTP://h:80?q HTTP/1.1"},
      {0, "BREW / HTTP/1.1"},         {400, "GET * HTTP/1.1"},        {400, "GET  / HTTP/1.1"},
      {400, "GET / HTTP/1.1 "},       {400, " GET / HTTP/1.1"},       {400, "GET /"},
      {400, "GET / http/1.1"},        {400, "GET / HTTP/1.10"},       {400, "GET / HTTP/x.1"},
      {505, "GET / HTTP/2.0"},        {505, "GET / HTTP/0.9"},        {400, "GET a/b HTTP/1.1"},
      {400, "GET ftp://h/ HTTP/1.1"}, {400, "GET http:/// HTTP/1.1"}, {400, "GET http://u@h/ HTTP/1.1"},
      {400, "GET /#f HTTP/1.1"},      {400, "GET /\x7f HTTP/1.1"},    {400, "GET /\xc3\xa4 HTTP/1.1"},
      {400, "G@T / HTTP/1.1"},        {501, "CONNECT h:80 HTTP/1.1"}, {400, "GET /%zz HTTP/1.1"},
      {400, "GET /a%4 HTTP/1.1"},     {400, "GET /% HTTP/1.1"},       {400, "GET http://h/%4g HTTP/1.1"},
      {0, "GET /%4A%fe HTTP/1.1"},    {0, "GET /?a=100% HTTP/1.1"},
  }));
  INFO(line);
  CHECK(status_of(std::string(line) + "\r\nHost: h\r\n\r\n") == status);
}

TEST_CASE("Host is there once and is a host, but for HTTP/1.0") {
  CHECK(status_of("GET / HTTP/1.1\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.0\r\n\r\n") == 0);
  for (const auto* host : {"", "a.b", "a:80", "[::1]", "[::1]:8080", "a_b", "%41", "a%4f:", "a:65535"})
    CHECK(status_of("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n") == 0);
  for (const auto* host : {"a b", "a/b", "u@h", "a:b", "[::1", "[]", "a:123456", "h:80:80"})
    CHECK(status_of("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n") == 400);
  // Nor in an absolute target.
  for (const auto* host : {":80", ":", "a:65536", "a:99999", "[::1]:65536", "%", "%4", "%zz", "a%4g:80"}) {
    INFO(host);
    CHECK(status_of("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n") == 400);
    CHECK(status_of("GET http://" + std::string(host) + "/ HTTP/1.1\r\nHost: h\r\n\r\n") == 400);
  }
}

TEST_CASE("limits have statuses of their own, before the end of the head arrives") {
  CHECK(status_of("GET /" + std::string(8192, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n") == 414);
  CHECK(status_of("GET /" + std::string(9000, 'a')) == 414);
  CHECK(status_of("GET /" + std::string(8191, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n") == 0);
  CHECK(status_of(with("X: " + std::string(17000, 'a') + "\r\n")) == 431);
  CHECK(status_of("GET / HTTP/1.1\r\nX: " + std::string(17000, 'a')) == 431);
  std::string many;
  for (int i = 0; i < 101; ++i) many += "a: b\r\n";
  CHECK(status_of(with(many)) == 431);
  CHECK(status_of(std::string(65, 'A')) == 400);
  CHECK(status_of("\x16\x03\x01") == 400);
}

TEST_CASE("what is refused does not depend on how the bytes came") {
  for (const std::size_t size : {8190U, 8191U, 8192U}) {
    const auto line = "GET /" + std::string(size, 'a') + " HTTP/1.1\r";
    CHECK((status_of(line) == 414) == (status_of(line + "\nHost: h\r\n\r\n") == 414));
  }
  for (const std::size_t size : {63U, 64U, 65U, 80U}) {
    const auto method = std::string(size, 'A');
    CHECK((status_of(method) == 400) == (status_of(method + " / HTTP/1.1\r\nHost: h\r\n\r\n") == 400));
  }
}

TEST_CASE("keep-alive follows the version and Connection") {
  const auto keeps = [](std::string_view version, std::string_view connection) {
    request_head head;
    REQUIRE(parse("GET / HTTP/" + std::string(version) + "\r\nHost: h\r\n" + std::string(connection) + "\r\n",
                  head)
                .what == kind::complete);
    return head.keep_alive;
  };
  CHECK(keeps("1.1", ""));
  CHECK_FALSE(keeps("1.1", "Connection: Close\r\n"));
  CHECK_FALSE(keeps("1.1", "Connection: x, close\r\n"));
  CHECK_FALSE(keeps("1.0", ""));
  CHECK(keeps("1.0", "Connection: Keep-Alive\r\n"));
}

TEST_CASE("a response's body follows from its head and from what was asked") {
  const auto read = [](std::string_view bytes, method asked = method::get) {
    response_head head;
    REQUIRE(parse_response_head(bytes, {}, asked, head).what == kind::complete);
    return head;
  };
  CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n").body == framing::sized);
  CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").body == framing::sized);
  CHECK(read("HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n").body == framing::chunked);
  CHECK(read("HTTP/1.1 200 OK\r\n\r\n").body == framing::until_end);
  CHECK_FALSE(read("HTTP/1.1 200 OK\r\n\r\n").keep_alive);
  CHECK(read("HTTP/1.1 204 No\r\n\r\n").body == framing::none);
  CHECK(read("HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n").body == framing::none);
  CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", method::head).body == framing::none);
}

TEST_CASE("a bad response is the worker's fault") {
  for (const auto* bytes :
       {"SSH-2.0\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 99 x\r\n\r\n", "HTTP/1.1 2000 x\r\n\r\n",
        "HTTP/1.1 200 OK\n\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA B: c\r\n\r\n"}) {
    INFO(bytes);
    response_head head;
    const auto outcome = parse_response_head(bytes, {}, method::get, head);
    CHECK(outcome.what == kind::refused);
    CHECK(outcome.status == 502);
  }
}

TEST_CASE("a list names a word in any case, with or without parameters") {
  CHECK(list_contains("text/html, Application/Problem+JSON;q=0.9", "application/problem+json"));
  CHECK_FALSE(list_contains("application/problem", "application/problem+json"));
  CHECK_FALSE(list_contains("", "close"));
}

TEST_CASE("a field's name is made of the characters of a token, wherever in it one stands") {
  const std::string_view marks = "!#$%&'*+-.^_`|~";
  const auto is_token = [&](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) || marks.find(static_cast<char>(c)) != marks.npos);
  };
  for (const std::size_t size : {1, 15, 16, 17, 33})
    for (std::size_t at = 0; at < size; ++at)
      for (int c = 0; c < 256; ++c) {
        if (c == ':') continue;
        std::string name(size, 'n');
        name[at] = static_cast<char>(c);
        INFO("character " << c << " at " << at << " of " << size);
        REQUIRE((status_of(with(name + ": 1\r\n")) == 0) == is_token(static_cast<unsigned char>(c)));
      }
}

TEST_CASE("a length has digits, and no more than others can hold") {
  request_head head;
  CHECK(parse(with("Content-Length: 00000000000000000000000012\r\n"), head).what == kind::complete);
  CHECK(head.content_length == 12);
  CHECK(parse(with("Content-Length: 9223372036854775807\r\n"), head).what == kind::complete);
  CHECK(head.content_length == 9223372036854775807U);
  for (const auto* const wrong : {"", "9223372036854775808", "18446744073709551617", "99999999999999999999",
                                  "1 2", "+1", "-1", "0x10", "1a", "/", "1:"})
    CHECK(status_of(with("Content-Length: " + std::string(wrong) + "\r\n")) == 400);
}
