#include "lb/reframe.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>

using atelier::http::framing;
using atelier::lb::reframer;

namespace {

// Feeds the bytes in pieces of this size; returns what was not the body's.
std::string feed(reframer& body, std::string_view bytes, std::size_t piece, std::string& out) {
  std::size_t at = 0;
  while (at < bytes.size() && body.now() == reframer::state::more) {
    const auto part = bytes.substr(at, piece);
    const auto n = body.take(part, out);
    if (body.passes_in_place()) out += part.substr(0, n);
    at += n;
  }
  return std::string(bytes.substr(at));
}

}  // namespace

TEST_CASE("no body is complete from the start") {
  CHECK(reframer().now() == reframer::state::complete);
  CHECK(reframer(framing::sized, 0, framing::sized).now() == reframer::state::complete);
}

TEST_CASE("a sized body passes as it is and leaves what follows") {
  for (const std::size_t piece : {1U, 2U, 100U}) {
    reframer body(framing::sized, 5, framing::sized);
    std::string out;
    CHECK(feed(body, "helloGET /", piece, out) == "GET /");
    CHECK(out == "hello");
    CHECK(body.now() == reframer::state::complete);
  }
}

TEST_CASE("a chunked body is framed anew, its extensions and trailers dropped") {
  reframer body(framing::chunked, 0, framing::chunked);
  std::string out;
  CHECK(feed(body, "5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: 1\r\n\r\nrest", 100, out) == "rest");
  CHECK(out == "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n");
}

TEST_CASE("a chunked body for HTTP/1.0 is its data alone") {
  for (const std::size_t piece : {1U, 3U, 100U}) {
    reframer body(framing::chunked, 0, framing::until_end);
    std::string out;
    feed(body, "5\r\nhello\r\n0\r\n\r\n", piece, out);
    CHECK(out == "hello");
    CHECK(body.now() == reframer::state::complete);
  }
}

TEST_CASE("a body that ends with its connection becomes chunked") {
  reframer body(framing::until_end, 0, framing::chunked);
  std::string out;
  feed(body, "hello", 100, out);
  CHECK(body.now() == reframer::state::more);
  CHECK(body.end(out));
  CHECK(out == "5\r\nhello\r\n0\r\n\r\n");
}

TEST_CASE("a body that breaks off is not complete") {
  std::string out;
  reframer sized(framing::sized, 5, framing::sized);
  feed(sized, "hel", 100, out);
  CHECK_FALSE(sized.end(out));
  reframer chunked(framing::chunked, 0, framing::chunked);
  out.clear();
  feed(chunked, "5\r\nhello\r\n", 100, out);
  CHECK_FALSE(chunked.end(out));
  CHECK(out == "5\r\nhello\r\n");
}

TEST_CASE("a malformed chunk is refused and no last chunk is written") {
  reframer body(framing::chunked, 0, framing::chunked);
  std::string out;
  feed(body, "5\r\nhello\r\nzz\r\n", 100, out);
  CHECK(body.now() == reframer::state::refused);
  CHECK(out == "5\r\nhello\r\n");
}
