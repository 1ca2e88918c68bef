#include "core/http/server.hpp"

#include "core/http/connection.hpp"
#include "core/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace atelier::http {

bool workspace::worth_keeping() {
  constexpr std::size_t kept_bytes_max = 64 * 1024;  // after a burst of large answers the memory goes back
  if (in.capacity() > kept_bytes_max || out.text.capacity() > kept_bytes_max) return false;
  in.clear();
  out.clear();
  return true;
}

server::server(asio::io_context& loop, service& what, const server_limits& limits)
    : loop_(loop), service_(what), limits_(limits), watchdog_(loop), unsent_(limits.unsent_bytes_max) {}

server::~server() = default;

result<> server::listen(const address& where, const listen_options& options) {
  auto acceptor = listen_on(loop_, where, options);
  if (!acceptor) return acceptor.error();
  listen(std::move(*acceptor));
  return {};
}

void server::listen(tcp_acceptor acceptor) {
  accepting_ =
      std::make_unique<accept_loop>(std::move(acceptor), limits_.connections_max, [this](tcp_socket socket) {
        asio::co_spawn(loop_, serve(std::move(socket)),
                       asio::detached);  // ends by itself; drain() waits for it
      });
}

void server::start() {
  asio::co_spawn(loop_, watchdog_.run(), asio::detached);
  asio::co_spawn(loop_, accepting_->run(), asio::detached);
}

std::string server::listening_on() const { return bound_address(accepting_->acceptor()); }

task<> server::serve(tcp_socket socket) {
  {
    connection client(*this, std::move(socket));
    co_await client.run();
  }
  accepting_->connection_closed();
}

task<> server::drain(std::chrono::milliseconds patience) {
  draining_ = true;
  accepting_->stop();
  watchdog_.for_each([](watched& one) { static_cast<connection&>(one).drain(); });
  const auto end = clock::now() + patience;
  timer pause(loop_);
  for (bool late = false; connections() > 0;) {
    if (!late && clock::now() >= end) {
      log::warning("cutting connections that did not end in time connections={}", connections());
      cut();
      late = true;
    }
    pause.expires_after(10ms);
    co_await pause.async_wait(no_throw);
  }
  watchdog_.stop();
}

void server::cut() {
  watchdog_.for_each([](watched& one) { static_cast<connection&>(one).cut(); });
}

}  // namespace atelier::http
