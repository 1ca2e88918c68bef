#include "core/http/body.hpp"

#include <catch2/catch.hpp>

#include <cstring>
#include <string>
#include <vector>

using namespace atelier::http;
using state = request_reader::state;

namespace {

struct seen {
  std::string path;
  std::string body;

  friend bool operator==(const seen&, const seen&) = default;
};

// Receives the bytes in pieces, into a buffer that begins small, and takes each request as it becomes
// complete.
std::vector<seen> read_all(std::string_view bytes, std::size_t piece, std::size_t capacity = 8) {
  atelier::buffer in(capacity);
  request_reader reader;
  request_head head;
  std::vector<seen> all;
  const auto sent = bytes.size();
  std::size_t received = 0;  // as the reader counts it
  while (!bytes.empty()) {
    if (in.space_bytes() == 0) in.reserve(std::max(reader.bytes_wanted(), in.size() + 1));
    const auto n = std::min({piece, bytes.size(), in.space_bytes()});
    std::memcpy(in.space(), bytes.data(), n);
    in.commit(n);
    bytes.remove_prefix(n);
    for (;;) {
      const auto now = reader.look(in, head, {}, 1000);
      REQUIRE(now != state::refused);
      if (now != state::complete) break;
      all.push_back({std::string(head.path), std::string(reader.body())});
      received += reader.received_bytes();
      reader.consume(in);
    }
  }
  CHECK(in.empty());
  CHECK(received == sent);
  return all;
}

state look_at(std::string_view bytes, request_reader& reader, std::size_t body_bytes_max) {
  atelier::buffer in(bytes.size() + 1);
  std::memcpy(in.space(), bytes.data(), bytes.size());
  in.commit(bytes.size());
  request_head head;
  return reader.look(in, head, {}, body_bytes_max);
}

}  // namespace

TEST_CASE("pipelined requests come one by one, however their bytes arrive, and each byte is counted once") {
  const std::string bytes =
      "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
      "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
      "POST /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n"
      "GET /4 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"
      "PUT /5 HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::vector<seen> expected{{"/1", ""}, {"/2", "hello"}, {"/3", "abcde"}, {"/4", "{}"}, {"/5", ""}};
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    INFO("pieces of " << piece);
    CHECK(read_all(bytes, piece) == expected);
  }
  CHECK(read_all(bytes, bytes.size(), 4096) == expected);
}

TEST_CASE("an empty line before a request, whole or half of it, is nothing yet") {
  for (const std::string_view bytes : {"", "\r", "\r\n", "\r\n\r", "\r\n\r\n"}) {
    INFO(bytes.size());
    request_reader reader;
    CHECK(look_at(bytes, reader, 1000) == state::nothing);
  }
  for (const std::string_view bytes : {"\r\nG", "\r\n\r\nGET / HTTP/1.1\r"}) {
    INFO(bytes);
    request_reader reader;
    CHECK(look_at(bytes, reader, 1000) == state::head);
  }
  request_reader reader;
  CHECK(look_at("\rG", reader, 1000) == state::refused);
}

TEST_CASE("a body over the limit is 413 before it arrives") {
  request_reader sized;
  CHECK(look_at("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n", sized, 1000) == state::refused);
  CHECK(sized.status() == 413);
  CHECK(sized.head_is_known());
  request_reader chunked;
  CHECK(look_at("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n1234567\r\n", chunked,
                6) == state::refused);
  CHECK(chunked.status() == 413);
}

TEST_CASE("a malformed chunked body is 400") {
  request_reader reader;
  CHECK(look_at("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", reader, 1000) ==
        state::refused);
  CHECK(reader.status() == 400);
}
