#include "bench/load/answer_reader.hpp"

#include <catch2/catch.hpp>

using namespace atelier::bench;
using state = answer_reader::state;

namespace {

constexpr std::string_view plain = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\nhello";
constexpr std::string_view chunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;ext=1\r\nlo\r\n0\r\nTrailer: "
    "t\r\n\r\n";
constexpr std::string_view interim =
    "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";

// Feeds so many bytes at a time.
state read(answer_reader& reader, std::string_view bytes, std::size_t size) {
  reader.begin(false, true, true);
  while (!bytes.empty()) {
    auto piece = bytes.substr(0, size);
    const auto fed = piece.size();
    const auto now = reader.feed(piece);
    bytes.remove_prefix(fed - piece.size());
    if (now != state::more) return bytes.empty() ? now : state::bad;
  }
  return state::more;
}

}  // namespace

TEST_CASE("an answer is the same in whatever pieces it comes", "[bench]") {
  answer_reader reader;
  for (std::size_t size = 1; size < 120; ++size) {
    CAPTURE(size);
    REQUIRE(read(reader, plain, size) == state::done);
    CHECK(reader.body() == "hello");
    bool is_there = false;
    CHECK(field_of(reader.head(), "etag", is_there) == "\"x\"");
    CHECK(is_there);
    REQUIRE(read(reader, chunked, size) == state::done);
    CHECK(reader.body() == "hello");
    CHECK(reader.keeps_connection());
    REQUIRE(read(reader, interim, size) == state::done);
    CHECK(reader.status() == 204);
  }
}

TEST_CASE("answers that stand one after the other are taken one by one", "[bench]") {
  const std::string two = std::string(plain) + std::string(chunked);
  std::string_view input = two;
  answer_reader reader;
  reader.begin(false, false, false);
  CHECK(reader.feed(input) == state::done);
  CHECK(input == chunked);
  reader.begin(false, false, false);
  CHECK(reader.feed(input) == state::done);
  CHECK(input.empty());
  CHECK(reader.body_bytes() == 5);
}

TEST_CASE("a body without a length ends with the connection, one to HEAD at once", "[bench]") {
  answer_reader reader;
  CHECK(read(reader, "HTTP/1.1 200 OK\r\n\r\nabc", 4) == state::more);
  CHECK(reader.ends_with_connection());
  CHECK(!reader.keeps_connection());
  std::string_view input = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  reader.begin(true, false, false);
  CHECK(reader.feed(input) == state::done);
}

TEST_CASE("what is no HTTP is a bad answer", "[bench]") {
  answer_reader reader;
  for (const auto* bytes : {"SSH-2.0-OpenSSH\r\n\r\nxxx", "HTTP/1.1 abc\r\n\r\n    ",
                            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n"}) {
    CAPTURE(bytes);
    CHECK(read(reader, bytes, 1000) == state::bad);
  }
}
