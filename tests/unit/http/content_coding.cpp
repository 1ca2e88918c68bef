#include "core/http/content_coding.hpp"

#include <catch2/catch.hpp>

#include <initializer_list>

using namespace atelier::http;

namespace {

bool accepted(std::initializer_list<std::string_view> values) {
  field_list fields;
  for (const auto value : values) fields.add("ACCEPT-Encoding", value);
  return accepts_gzip(fields);
}

}  // namespace

TEST_CASE("gzip is for those who name it, or anything, and do not weigh it with nothing") {
  for (const auto value : {"gzip", "GZip", "deflate, gzip, br", "gzip;q=0.001",
                           "identity;q=1, x-gzip ; Q=0.5", "*", "br;q=1, *;q=0.1"}) {
    INFO(value);
    CHECK(accepted({value}));
  }
  for (const auto value : {"", "identity", "br, zstd", "gzip;q=0", "*, gzip; q=0.000", "*;q=0", "gzipped",
                           "br;gzip", "gzip;q="}) {
    INFO(value);
    CHECK_FALSE(accepted({value}));
  }
  CHECK_FALSE(accepted({}));
  CHECK(accepted({"br", "gzip"}));
}

TEST_CASE("what gzip has packed is unpacked, be it nothing or much, and anything else is refused") {
  using namespace std::string_view_literals;
  // printf '' | gzip -9n
  constexpr auto nothing = "\x1f\x8b\x08\0\0\0\0\0\x02\x03\x03\0\0\0\0\0\0\0\0\0"sv;
  CHECK(gunzip(nothing).empty());
  // printf 'a%.0s' {1..5000} | gzip -9n
  constexpr auto much =
      "\x1f\x8b\x08\0\0\0\0\0\x02\x03\xed\xc1\x31\x01\0\0\0\xc2\xa0\xac\xeb\x5f\xc2\x14\x7e\x40\x01\0\0\0\0"
      "\x6f\x03"
      "\x76\x59\xf4\x4c\x88\x13\0\0"sv;
  CHECK(gunzip(much) == std::string(5000, 'a'));
  CHECK_THROWS(gunzip(much.substr(0, 30)));
  CHECK_THROWS(gunzip("no gzip at all"));
}
