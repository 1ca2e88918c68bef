#include "lb/run.hpp"

#include "core/log.hpp"
#include "lb/admin.hpp"
#include "lb/proxy.hpp"

#include <boost/asio/basic_signal_set.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>

namespace atelier::lb {
namespace {

struct parts {
  parts(asio::io_context& loop, const settings& wanted)
      : front(loop, wanted.bounds, wanted.health, wanted.probes), pages(front), back(loop, pages) {}

  proxy front;
  admin pages;
  http::server back;
};

task<> drain_all(asio::io_context& loop, parts& all, const settings& wanted) {
  co_await all.front.drain(wanted.bounds.drain_timeout);
  if (wanted.admin) co_await all.back.drain(0ms);
  loop.stop();
}

task<> wait_for_signals(asio::io_context& loop, parts& all, const settings& wanted) {
  asio::basic_signal_set<executor> signals(loop, SIGTERM, SIGINT);
  const auto [error, first] = co_await signals.async_wait(no_throw);
  if (error) co_return;
  log::info("draining signal={} connections={} patience_ms={}", first, all.front.connections(),
            wanted.bounds.drain_timeout.count());
  asio::co_spawn(loop, drain_all(loop, all, wanted), asio::detached);
  const auto [again, second] = co_await signals.async_wait(no_throw);
  if (again) co_return;
  log::warning("cutting at once signal={} connections={}", second, all.front.connections());
  co_await all.front.drain(0ms);
}

}  // namespace

result<> run(const settings& wanted) {
  asio::io_context loop(1);
  parts all(loop, wanted);
  for (const auto& w : wanted.workers)
    if (const auto added = all.front.add_worker(w); !added) return added.error();
  if (const auto bound = all.front.listen(wanted.listen, {.share_port = wanted.share_port}); !bound)
    return bound.error();
  if (wanted.admin) {
    if (const auto bound = all.back.listen(*wanted.admin); !bound) return bound.error();
    all.back.start();
  }
  all.front.start();
  asio::co_spawn(loop, wait_for_signals(loop, all, wanted), asio::detached);
  log::info("listening on {} workers={}{}{}", all.front.listening_on(), wanted.workers.size(),
            wanted.admin ? " admin=" : "", wanted.admin ? all.back.listening_on() : "");
  loop.run();
  log::info("stopped");
  return {};
}

}  // namespace atelier::lb
