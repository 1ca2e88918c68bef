#include "lb/run.hpp"

#include "core/log.hpp"
#include "core/signals.hpp"
#include "lb/admin.hpp"
#include "lb/proxy.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

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

task<> wait_for_signals(asio::io_context& loop, signal_waiter& signals, parts& all, const settings& wanted) {
  const auto first = co_await signals.next();
  if (!first) co_return;
  log::info("draining signal={} connections={} patience_ms={}", signal_name(*first), all.front.connections(),
            wanted.bounds.drain_timeout.count());
  asio::co_spawn(loop, drain_all(loop, all, wanted), asio::detached);
  const auto second = co_await signals.next();
  if (!second) co_return;
  log::warning("cutting at once signal={} connections={}", signal_name(*second), all.front.connections());
  co_await all.front.drain(0ms);
}

}  // namespace

result<> run(const settings& wanted) {
  asio::io_context loop(1);
  signal_waiter signals(loop, {SIGTERM, SIGINT});
  parts all(loop, wanted);
  for (const auto& w : wanted.workers)
    if (const auto added = all.front.add_worker(w); !added) return added.error();
  if (const auto bound = all.front.listen(wanted.listen, {.share_port = wanted.share_port}); !bound)
    return bound.error();
  if (wanted.admin) {
    if (const auto bound = all.back.listen(*wanted.admin); !bound) return bound.error();
    all.back.start();
  }
  auto opened = access_log::open(wanted.access);
  if (!opened) return opened.error();
  if (wanted.access.how_much != access_log_options::detail::off) all.front.log_to(**opened);
  all.front.start();
  asio::co_spawn(loop, wait_for_signals(loop, signals, all, wanted), asio::detached);
  log::info("listening on {} workers={}{}{}", all.front.listening_on(), wanted.workers.size(),
            wanted.admin ? " admin=" : "", wanted.admin ? all.back.listening_on() : "");
  loop.run();
  log::info("stopped");
  return {};
}

}  // namespace atelier::lb
