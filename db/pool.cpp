#include "db/pool.hpp"

#include "db/connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace atelier::db {

pool::pool(asio::io_context& loop, pool_options options)
    : loop_(loop), options_(std::move(options)), watchdog_(loop), outage_(std::make_unique<outage>()) {
  for (std::size_t i = 0; i < options_.connections; ++i)
    connections_.push_back(
        std::make_unique<connection>(loop_, watchdog_, options_, *outage_, counters_,
                                     [this](const pipeline::leftovers& left, errc why) { lost(left, why); }));
}

pool::~pool() = default;

void pool::start() {
  asio::co_spawn(loop_, watchdog_.run(), asio::detached);
  for (auto& one : connections_) asio::co_spawn(loop_, one->run(), asio::detached);  // each ends after stop()
}

void pool::stop() {
  watchdog_.stop();
  for (auto& one : connections_) one->stop();
}

connection* pool::least_busy() const {
  connection* best = nullptr;
  for (const auto& one : connections_)
    if (one->is_ready() && (!best || one->load() < best->load())) best = one.get();
  return best;
}

std::size_t pool::connected() const {
  std::size_t ready = 0;
  for (const auto& one : connections_) ready += one->is_ready();
  return ready;
}

bool pool::is_connected() const { return least_busy() != nullptr; }

std::size_t pool::load() const {
  std::size_t all = 0;
  for (const auto& one : connections_) all += one->load();
  return all;
}

task<outcome> pool::run(std::size_t statement, arguments with) {
  call one;
  one.writes = options_.statements[statement].writes;
  one.statement = statement;
  one.with = std::move(with);
  auto* const best = least_busy();
  if (!best)
    one.what = error{errc::unavailable};
  else if (!best->submit(one))
    one.what = error{errc::overloaded};
  else
    co_await one.done.wait();
  if (!one.what) ++counters_.errors[static_cast<std::size_t>(one.what.error().what)];
  co_return std::move(one.what);
}

// What was not sent goes elsewhere; a read that was sent too, once; a write that was sent may have been done.
void pool::lost(const pipeline::leftovers& left, errc why) {
  const auto send_again = [this](operation* one) {
    auto& again = static_cast<call&>(*one);
    auto* const other = least_busy();
    if (!other || !other->submit(again)) again.finish(error{other ? errc::overloaded : errc::unavailable});
  };
  for (auto* one : left.not_sent) send_again(one);
  for (auto* one : left.sent) {
    auto& broken = static_cast<call&>(*one);
    if (!broken.writes && why == errc::connection_lost && broken.losses++ == 0) {
      ++counters_.repeated;
      send_again(one);
    } else {
      broken.finish(error{why, broken.writes});
    }
  }
}

}  // namespace atelier::db
