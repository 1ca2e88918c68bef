#include "core/listener.hpp"

#include <catch2/catch.hpp>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace atelier {

TEST_CASE("a connection that is taken sends at once what it is given, without Nagle's delay") {
  asio::io_context loop;
  auto acceptor = listen_on(loop, {.host = "127.0.0.1"});
  REQUIRE(acceptor);
  tcp_socket client(loop.get_executor());
  client.connect(acceptor->local_endpoint());
  acceptor->non_blocking(false);
  auto taken = acceptor->accept();
  int no_delay = 0;
  socklen_t size = sizeof no_delay;
  REQUIRE(::getsockopt(taken.native_handle(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &size) == 0);
  CHECK(no_delay != 0);
}

}  // namespace atelier
