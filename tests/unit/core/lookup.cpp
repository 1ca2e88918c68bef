#include "core/lookup.hpp"

#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>

using namespace atelier;

namespace {

result<std::vector<socket_address>> looked_up(const std::string& text) {
  asio::io_context loop;
  result<std::vector<socket_address>> found = fail("the loop ended");
  const auto where = parse_address(text);
  asio::co_spawn(loop, look_up(loop, *where),
                 [&](const std::exception_ptr&, auto all) { found = std::move(all); });
  loop.run();
  return found;
}

}  // namespace

TEST_CASE("an address and a path are found as they are, and a name by asking for it") {
  for (const std::string text : {"127.0.0.1:80", "[::1]:8080", "unix:/run/one"}) {
    const auto found = looked_up(text);
    REQUIRE(found);
    REQUIRE(found->size() == 1);
    CHECK(to_string(found->front()) == text);
  }
  const auto found = looked_up("localhost:80");
  REQUIRE(found);
  CHECK_FALSE(found->empty());
  for (const auto& one : *found) CHECK_THAT(to_string(one), Catch::EndsWith(":80"));
}

TEST_CASE("a name that nobody knows is named") {
  const auto found = looked_up("no.such.host.invalid:80");
  REQUIRE_FALSE(found);
  CHECK_THAT(found.error().what, Catch::StartsWith("the name 'no.such.host.invalid' cannot be resolved: "));
}
