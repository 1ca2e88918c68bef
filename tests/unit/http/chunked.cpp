#include "core/http/chunked.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>

using atelier::http::chunked_decoder;
using kind = chunked_decoder::step::kind;

namespace {

struct decoded {
  std::string body;
  std::string left;

  friend bool operator==(const decoded&, const decoded&) = default;
};

// Feeds the bytes in pieces of this size. Nothing: refused, or not complete.
std::optional<decoded> decode(const std::string& bytes, std::size_t piece) {
  chunked_decoder decoder;
  decoded out;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto step = decoder.decode(std::string_view(bytes).substr(at, piece));
    at += step.consumed;
    if (step.what == kind::refused) return std::nullopt;
    out.body += step.data;
    if (step.what == kind::complete) {
      out.left = bytes.substr(at);
      return out;
    }
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("a chunked body is the same in pieces of any size") {
  const std::string bytes =
      "4;a=b;c=\"x;\\\"y\"\r\nWiki\r\n005\r\npedia\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\nGET";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    INFO("pieces of " << piece);
    CHECK(decode(bytes, piece) == decoded{"Wikipedia", "GET"});
  }
}

TEST_CASE("extensions as the grammar has them are dropped") {
  const auto* line =
      GENERATE("1;a", "1;a;b", "1;a=b;c", "1;a=\"b\\\"\"", "1 ; a = b ;c", "1;\ta=\"\";b", "1;!#$%=~");
  INFO(line);
  for (const std::size_t piece : {1U, 2U, 100U})
    CHECK(decode(std::string(line) + "\r\nx\r\n0;last\r\n\r\n", piece) == decoded{"x", ""});
}

TEST_CASE("an empty body has one chunk") { CHECK(decode("0\r\n\r\n", 1) == decoded{"", ""}); }

TEST_CASE("a malformed chunk is refused in pieces of any size") {
  const auto* bytes =
      GENERATE("\r\n", "x\r\n", "-1\r\n", " 1\r\na\r\n", "1 \r\na\r\n", "0x1\r\na\r\n", "1\na\r\n0\r\n\r\n",
               "1\r\nab\r\n0\r\n\r\n", "1\r\na\n0\r\n\r\n", "1\ra\r\n", "fffffffffffffffff\r\n",
               "1;\x01\r\na\r\n", "1;\r\na\r\n", "1;a=\r\na\r\n", "1;a=\"b\r\na\r\n", "1;a \r\na\r\n",
               "1;a=\"b\"c\r\na\r\n", "1;a b\r\na\r\n", "1;=b\r\na\r\n", "1;a==b\r\na\r\n", "1 ;\r\na\r\n",
               "0\r\n folded: x\r\n\r\n", "0\r\na: b\nc\r\n\r\n", "0\r\n\rx");
  INFO(bytes);
  for (const std::size_t piece : {1U, 2U, 100U}) CHECK_FALSE(decode(std::string(bytes), piece));
}

TEST_CASE("size lines and trailers are bounded") {
  CHECK_FALSE(decode("1;" + std::string(2000, 'a') + "\r\na\r\n0\r\n\r\n", 7));
  std::string trailers = "0\r\n";
  for (int i = 0; i < 1000; ++i) trailers += "a: bbbbbbbbbb\r\n";
  CHECK_FALSE(decode(trailers + "\r\n", 7));
}
