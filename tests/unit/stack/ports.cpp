#include "app/stack/ports.hpp"

#include <catch2/catch.hpp>

using namespace atelier;
using namespace atelier::stack;
using namespace std::chrono_literals;

TEST_CASE("a busy address is refused with the option that changes it", "[stack]") {
  boost::asio::io_context loop;
  boost::asio::ip::tcp::acceptor busy(loop, {boost::asio::ip::address_v4::loopback(), 0});
  const auto refused = free_address({"127.0.0.1", busy.local_endpoint().port()}, "--listen");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what.find("is in use") != std::string::npos);
  CHECK(refused.error().what.find("--listen") != std::string::npos);
}

TEST_CASE("port 0 becomes a free port, any other stays", "[stack]") {
  const auto chosen = free_address({"127.0.0.1", 0}, "--listen");
  REQUIRE(chosen);
  CHECK(chosen->port != 0);
  CHECK(free_address(*chosen, "--listen")->port == chosen->port);
}

TEST_CASE("a listener on every interface is reached by loopback", "[stack]") {
  CHECK(reachable({"0.0.0.0", 80}) == address{"127.0.0.1", 80});
  CHECK(reachable({"::", 80}) == address{"::1", 80});
  CHECK(reachable({"10.0.0.1", 80}) == address{"10.0.0.1", 80});
}

TEST_CASE("where nobody answers there is no status", "[stack]") {
  CHECK_FALSE(status_of(*free_address({"127.0.0.1", 0}, "--listen"), "/ready", 100ms));
}
