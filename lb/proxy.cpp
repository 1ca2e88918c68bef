#include "lb/proxy.hpp"

#include "core/log.hpp"
#include "core/lookup.hpp"
#include "lb/client.hpp"
#include "lb/probe.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <utility>

namespace atelier::lb {

proxy::proxy(asio::io_context& loop, const limits& bounds, const health_rules& rules,
             const probe_rules& probes)
    : shared_(loop, bounds, rules), probes_(probes) {}

result<> proxy::add_worker(const worker_settings& settings) {
  const auto where = resolve(settings.where);
  if (!where) return where.error();
  const auto added = shared_.pool.add(settings, *where);
  return added ? result<>() : result<>(added.error());
}

task<result<socket_address>> proxy::locate(address where) {
  const auto name = to_string(where);
  const auto found = co_await look_up(shared_.loop, std::move(where));
  if (!found) co_return found.error();
  const auto* const known = shared_.pool.find(name);
  co_return known ? known->address_among(*found) : found->front();
}

result<> proxy::add_worker_at(const worker_settings& settings, const socket_address& where) {
  const auto added = shared_.pool.add(settings, where);
  if (!added) return added.error();
  log::info("worker added worker={} weight={} max={}", (*added)->name, settings.weight,
            settings.in_flight_max);
  start_probing(*added);
  return {};
}

task<result<>> proxy::add_worker_later(worker_settings settings) {
  const auto where = co_await locate(settings.where);
  if (!where) co_return where.error();
  co_return add_worker_at(settings, *where);
}

void proxy::start_probing(const std::shared_ptr<worker>& added) {
  if (std::exchange(added->probed, true)) return;
  asio::co_spawn(shared_.loop, probe(shared_, added, probes_, ended_), asio::detached);
}

result<> proxy::listen(const address& where, const listen_options& options) {
  auto acceptor = listen_on(shared_.loop, where, options);
  if (!acceptor) return acceptor.error();
  listen(std::move(*acceptor));
  return {};
}

void proxy::listen(tcp_acceptor acceptor) {
  accepting_ = std::make_unique<accept_loop>(
      std::move(acceptor), shared_.bounds.connections_max, [this](tcp_socket socket) {
        let_rest(std::make_unique<client_connection>(shared_, std::move(socket), draining_));
      });
}

void proxy::start() {
  asio::co_spawn(shared_.loop, shared_.guard.run(), asio::detached);
  asio::co_spawn(shared_.loop, sweep(), asio::detached);
  for (const auto& w : shared_.pool.all()) start_probing(w);
}

void proxy::accept() { asio::co_spawn(shared_.loop, accepting_->run(), asio::detached); }

void proxy::reconfigure(const limits& bounds, const health_rules& rules, const probe_rules& probes) {
  shared_.bounds = bounds;
  shared_.rules = rules;
  probes_ = probes;
  accepting_->set_connections_max(bounds.connections_max);
  shared_.pool.refresh();
}

// Nobody but its own wake-up owns it meanwhile.
void proxy::let_rest(std::unique_ptr<client_connection> client) {
  auto* const one = client.release();
  one->rest([this, one] {
    std::unique_ptr<client_connection> woken(one);
    if (woken->is_over()) return forget(std::move(woken));
    asio::co_spawn(shared_.loop, serve(std::move(woken)), asio::detached);  // drain() waits for it
  });
}

task<> proxy::serve(std::unique_ptr<client_connection> client) {
  const bool rests = co_await client->run();
  if (rests)
    let_rest(std::move(client));
  else
    forget(std::move(client));
}

void proxy::forget(std::unique_ptr<client_connection> client) {
  client.reset();
  accepting_->connection_closed();
}

proxy::~proxy() {
  std::vector<std::unique_ptr<client_connection>> at_rest;
  shared_.guard.for_each([&](watched& one) {
    auto& client = static_cast<client_connection&>(one);
    if (client.is_at_rest()) at_rest.emplace_back(&client);
  });
}

task<> proxy::sweep() {
  timer pause(shared_.loop);
  while (!ended_) {
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
  cut_at_ = std::min(cut_at_, clock::now() + patience);
  if (std::exchange(draining_, true)) {
    if (patience.count() == 0) cut();
    co_return;
  }
  accepting_->stop();
  shared_.guard.for_each([](watched& one) { static_cast<client_connection&>(one).drain(true); });
  co_await end_connections();
}

task<> proxy::hand_over(std::chrono::milliseconds patience) {
  if (std::exchange(draining_, true)) co_return;
  accepting_->stop();
  shared_.guard.for_each([](watched& one) { static_cast<client_connection&>(one).drain(false); });
  const auto end = clock::now() + patience;
  timer pause(shared_.loop);
  while (connections() > 0 && clock::now() < end && cut_at_ == clock::time_point::max()) {
    pause.expires_after(10ms);
    co_await pause.async_wait(no_throw);
  }
  shared_.guard.for_each([](watched& one) { static_cast<client_connection&>(one).drain(true); });
  co_await end_connections();
}

task<> proxy::end_connections() {
  timer pause(shared_.loop);
  while (connections() > 0) {
    if (!cutting_ && clock::now() >= cut_at_) {
      log::warning("cutting connections that did not end in time connections={}", connections());
      cut();
    }
    pause.expires_after(10ms);
    co_await pause.async_wait(no_throw);
  }
  ended_ = true;
  shared_.guard.stop();
}

}  // namespace atelier::lb
