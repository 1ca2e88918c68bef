#include "lb/networks.hpp"

#include <catch2/catch.hpp>

using namespace atelier;
using namespace atelier::lb;

namespace {

networks of(std::initializer_list<const char*> all) {
  networks n;
  for (const auto* one : all) REQUIRE(n.add(one));
  return n;
}

}  // namespace

TEST_CASE("a network holds its addresses and no others") {
  const auto n = of({"10.0.0.0/8", "192.0.2.1", "2001:db8::/32"});
  for (const auto* inside : {"10.0.0.0", "10.255.255.255", "192.0.2.1", "2001:db8::1", "::ffff:10.1.2.3"})
    CHECK(n.contains(std::string_view(inside)));
  for (const auto* outside : {"11.0.0.0", "192.0.2.2", "2001:db9::1", "", "x", "unknown"})
    CHECK_FALSE(n.contains(std::string_view(outside)));
  networks wrong;
  for (const auto* text : {"", "x", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::/129", "10.0.0.1-10.0.0.2"})
    CHECK_FALSE(wrong.add(text));
  CHECK(wrong.empty());
}

TEST_CASE("the client is the last address that no trusted proxy has") {
  const auto trusted = of({"10.0.0.0/8"});
  const auto client = [&](std::initializer_list<const char*> lines) {
    http::field_list fields;
    for (const auto* line : lines) fields.add("X-Forwarded-For", line);
    return std::string(client_behind(trusted, "10.0.0.1", fields));
  };
  CHECK(client({}) == "10.0.0.1");
  CHECK(client({"192.0.2.1"}) == "192.0.2.1");
  CHECK(client({"198.51.100.9, 192.0.2.1,10.0.0.7"}) == "192.0.2.1");
  CHECK(client({"198.51.100.9", "192.0.2.1", "10.0.0.7"}) == "192.0.2.1");
  CHECK(client({"10.0.0.9, 10.0.0.8"}) == "10.0.0.9");
  CHECK(client({"198.51.100.9, unknown, 10.0.0.8"}) == "10.0.0.8");
}
