#include "core/http/request_id.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <string>

using namespace atelier::http;

TEST_CASE("request ids that are made here are 32 hexadecimal digits, and all different") {
  request_ids ids(1, 2);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id(ids.next());
    CHECK(id.size() == 32);
    CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(is_request_id(id));
    seen.insert(id);
  }
  CHECK(seen.size() == 1000);
}

TEST_CASE("a request id is 1 to 128 visible ASCII characters") {
  CHECK(is_request_id("a-Z~!"));
  CHECK(is_request_id(std::string(128, 'x')));
  CHECK_FALSE(is_request_id(""));
  CHECK_FALSE(is_request_id(std::string(129, 'x')));
  CHECK_FALSE(is_request_id("a b"));
  CHECK_FALSE(is_request_id("a\x7f"));
  CHECK_FALSE(is_request_id("\xc3\xa4"));
}

TEST_CASE("a traceparent has a trace id where it is right, and none where it is not") {
  CHECK(trace_id("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") ==
        "0af7651916cd43dd8448eb211c80319c");
  // Of a later version, with and without what it adds.
  for (const std::string later : {"01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                                  "fe-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x"})
    CHECK(trace_id(later) == "0af7651916cd43dd8448eb211c80319c");
  for (const std::string wrong : {"", "00", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                                  "0x-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                                  "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
                                  "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
                                  "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                                  "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                                  "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                                  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
                                  "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                                  "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
                                  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x"})
    CHECK(trace_id(wrong).empty());
}
