#include "core/address.hpp"

#include <catch2/catch.hpp>

using atelier::address;
using atelier::parse_address;

TEST_CASE("an address is a host and a port") {
  CHECK(*parse_address("127.0.0.1:8080") == address{"127.0.0.1", 8080});
  CHECK(*parse_address("[::1]:80") == address{"::1", 80});
  CHECK(*parse_address(":80") == address{"0.0.0.0", 80});
  CHECK(*parse_address("*:0") == address{"0.0.0.0", 0});
  CHECK(to_string(address{"::1", 80}) == "[::1]:80");
}

TEST_CASE("an address on this machine may be the path of a socket") {
  const auto socket = parse_address("unix:/run/atelier/1");
  REQUIRE(socket);
  CHECK(socket->path == "/run/atelier/1");
  CHECK(to_string(*socket) == "unix:/run/atelier/1");
  CHECK_FALSE(parse_address("unix:"));
  for (const auto* path :
       {"unix:/a b", "unix:/a\"b", "unix:/a\\b", "unix:/a,b", "unix:/\n", "unix:/\xc3\xa4"})
    CHECK_FALSE(parse_address(path));
  CHECK(parse_address("unix:" + std::string(107, 'x')));
  CHECK_FALSE(parse_address("unix:" + std::string(108, 'x')));
}

TEST_CASE("what is no address is refused with an example of one") {
  for (const auto* text :
       {"", "localhost", "host:", "host:x", "host:65536", "host:-1", "::1:80", "host:80x"}) {
    const auto parsed = parse_address(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == atelier::exit_code::wrong_usage);
    CHECK_THAT(parsed.error().what, Catch::Contains("127.0.0.1:8080"));
  }
}
