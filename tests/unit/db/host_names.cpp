#include "db/host_names.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <catch2/catch.hpp>

using namespace atelier::db;
using words = std::vector<std::string>;

TEST_CASE("sockets, addresses and what libpq knows better are not looked up") {
  for (const auto* conninfo : {"host=/run/postgresql", "host=127.0.0.1,::1", "host=db hostaddr=10.0.0.1",
                               "service=shop", "host=a,b port=1,2,3", "postgresql://[::1]:5433/shop"}) {
    INFO(conninfo);
    CHECK_FALSE(servers_to_look_up(conninfo));
  }
}

TEST_CASE("names are looked up, each with its port") {
  const auto one = servers_to_look_up("postgresql://db.internal:5433/shop");
  REQUIRE(one);
  CHECK(one->hosts == words{"db.internal"});
  CHECK(one->ports == words{"5433"});
  const auto two = servers_to_look_up("host=db1,/tmp,db2 port=7");
  REQUIRE(two);
  CHECK(two->hosts == words{"db1", "/tmp", "db2"});
  CHECK(two->ports == words{"7", "7", "7"});
}

TEST_CASE("a name becomes all its addresses, in lists of one length") {
  boost::asio::io_context loop;
  servers named{{"/tmp", "localhost"}, {"", ""}, {"1", "2"}};
  bool done = false;
  const auto look = [&]() -> atelier::task<> {
    const auto found = co_await look_up(named);
    REQUIRE(found.has_value());
    REQUIRE(found->hosts.size() >= 2);
    CHECK(found->hosts.front() == "/tmp");
    CHECK(found->addresses.front().empty());
    CHECK(found->ports.back() == "2");
    for (std::size_t i = 1; i < found->addresses.size(); ++i)
      CHECK((found->addresses[i] == "127.0.0.1" || found->addresses[i] == "::1"));
    CHECK(found->ports.size() == found->hosts.size());
    done = true;
  };
  boost::asio::co_spawn(loop, look(), boost::asio::detached);
  loop.run();
  CHECK(done);
}
