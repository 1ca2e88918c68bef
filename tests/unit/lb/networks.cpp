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

TEST_CASE("a port behind an address is none of the client's name") {
  const auto trusted = of({"10.0.0.0/8", "2001:db8:1::/48"});
  const auto client = [&](const char* list) {
    http::field_list fields;
    fields.add("X-Forwarded-For", list);
    return std::string(client_behind(trusted, "10.0.0.1", fields));
  };
  CHECK(client("192.0.2.1:4711") == "192.0.2.1");
  CHECK(client("[2001:db8::7]:4711") == "2001:db8::7");
  CHECK(client("[2001:db8::7]") == "2001:db8::7");
  CHECK(client("2001:db8::7") == "2001:db8::7");
  CHECK(client("192.0.2.1:1, 10.0.0.2:2, [2001:db8:1::1]:3") == "192.0.2.1");
  for (const auto* nobody :
       {"[2001:db8::7", "[2001:db8::7]x", "[]", "[", "", ":80", "unknown:80", "192.0.2.1.5:80"})
    CHECK(client(nobody) == "10.0.0.1");
}

TEST_CASE("where there is no X-Forwarded-For, Forwarded says who the client is") {
  const auto trusted = of({"10.0.0.0/8"});
  const auto client = [&](std::initializer_list<const char*> lines) {
    http::field_list fields;
    for (const auto* line : lines) fields.add("Forwarded", line);
    return std::string(client_behind(trusted, "10.0.0.1", fields));
  };
  CHECK(client({"for=192.0.2.1"}) == "192.0.2.1");
  CHECK(client({"host=a;For=192.0.2.1 ; proto=http"}) == "192.0.2.1");
  CHECK(client({R"(for="192.0.2.1:4711";host="a, b;for=9.9.9.9")"}) == "192.0.2.1");
  CHECK(client({R"(for="[2001:db8::7]:_port";by=_me)"}) == "2001:db8::7");
  CHECK(client({R"(for="[2001:db8::7]")"}) == "2001:db8::7");
  CHECK(client({"for=198.51.100.9, for=192.0.2.1,for=10.0.0.7"}) == "192.0.2.1");
  CHECK(client({"for=198.51.100.9", "for=192.0.2.1", "for=10.0.0.7"}) == "192.0.2.1");
  // Whoever is behind somebody that is not named is not known.
  for (const auto* hidden :
       {"for=198.51.100.9, for=_hidden, for=10.0.0.8", "for=198.51.100.9, for=unknown, for=10.0.0.8",
        "for=198.51.100.9, proto=http, for=10.0.0.8", "for=198.51.100.9,, for=10.0.0.8"})
    CHECK(client({hidden}) == "10.0.0.8");
  // A quote that a stranger opened must not swallow what a proxy that we trust has added.
  for (const auto* open : {R"(for=9.9.9.9;x=", for=192.0.2.1)", R"(for=9.9.9.9;x=", for="192.0.2.1")",
                           R"(for=9.9.9.9;x="\", for="192.0.2.1")", R"(for="9.9.9.9)", R"(for=9.9.9.9;x="\)"})
    CHECK(client({open}) == "10.0.0.1");
  http::field_list both;
  both.add("Forwarded", "for=192.0.2.1");
  both.add("X-Forwarded-For", "192.0.2.2");
  CHECK(client_behind(trusted, "10.0.0.1", both) == "192.0.2.2");
}
