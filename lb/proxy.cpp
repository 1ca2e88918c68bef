#include "lb/proxy.hpp"

#include "core/log.hpp"
#include "lb/client.hpp"
#include "lb/probe.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace atelier::lb {

proxy::proxy(asio::io_context& loop, const limits& bounds, const health_rules& rules,
             const probe_rules& probes)
    : shared_(loop, bounds, rules), probes_(probes) {}

result<> proxy::listen(const address& where, const listen_options& options) {
  auto acceptor = listen_on(shared_.loop, where, options);
  if (!acceptor) return acceptor.error();
  accepting_ = std::make_unique<accept_loop>(
      std::move(*acceptor), shared_.bounds.connections_max, [this](tcp_socket socket) {
        asio::co_spawn(shared_.loop, serve(std::move(socket)), asio::detached);  // drain() waits for it
      });
  return {};
}

void proxy::start() {
  asio::co_spawn(shared_.loop, shared_.guard.run(), asio::detached);
  asio::co_spawn(shared_.loop, accepting_->run(), asio::detached);
  asio::co_spawn(shared_.loop, sweep(), asio::detached);
  for (const auto& w : shared_.pool.all())
    asio::co_spawn(shared_.loop, probe(shared_, *w, probes_, draining_), asio::detached);
}

task<> proxy::serve(tcp_socket socket) {
  {
    client_connection client(shared_, std::move(socket), draining_);
    co_await client.run();
  }
  accepting_->connection_closed();
}

task<> proxy::sweep() {
  timer pause(shared_.loop);
  while (!draining_) {
    pause.expires_after(1s);
    co_await pause.async_wait(no_throw);
    shared_.pool.sweep();
  }
}

void proxy::cut() {
  cutting_ = true;
  shared_.pool.dismiss_waiting();
  shared_.guard.for_each([](watched& one) { static_cast<client_connection&>(one).cut(); });
}

task<> proxy::drain(std::chrono::milliseconds patience) {
  if (draining_) {
    cut();
    co_return;
  }
  draining_ = true;
  accepting_->stop();
  shared_.guard.for_each([](watched& one) { static_cast<client_connection&>(one).drain(); });
  const auto end = clock::now() + patience;
  timer pause(shared_.loop);
  while (connections() > 0) {
    if (!cutting_ && clock::now() >= end) {
      log::warning("cutting connections that did not end in time connections={}", connections());
      cut();
    }
    pause.expires_after(10ms);
    co_await pause.async_wait(no_throw);
  }
  shared_.guard.stop();
}

}  // namespace atelier::lb
