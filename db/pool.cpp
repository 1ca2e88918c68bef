#include "db/pool.hpp"

#include "db/connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace atelier::db {

pool::pool(asio::io_context& loop, pool_options options)
    : loop_(loop),
      options_(std::move(options)),
      watchdog_(loop),
      outage_(std::make_unique<outage>()),
      line_(options_.waiting_max),
      impatience_(loop),
      gathered_(loop),
      held_max_(std::max<std::size_t>(options_.connections, 2) - 1),
      slow_max_(std::max<std::size_t>(options_.connections, 3) - 2) {
  watchdog_.add(*this);
  connection_owner& self = *this;
  for (std::size_t i = 0; i < options_.connections; ++i)
    connections_.push_back(
        std::make_unique<connection>(loop_, watchdog_, options_, *outage_, counters_, self));
}

pool::~pool() = default;

void pool::start() {
  asio::co_spawn(loop_, watchdog_.run(), asio::detached);
  for (auto& one : connections_) asio::co_spawn(loop_, one->run(), asio::detached);  // each ends after stop()
}

void pool::stop() {
  watchdog_.stop();
  impatience_.cancel();
  gathered_.cancel();
  for (auto& one : connections_) one->stop();
  stopped_ = true;
  asio::post(loop_, [this] { answer_in_vain(); });
}

namespace {

template <class Connections, class Of>
std::size_t count(const Connections& all, Of of) {
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [&](const auto& one) { return ((*one).*of)(); }));
}

}  // namespace

std::size_t pool::connected() const { return count(connections_, &connection::is_ready); }
std::size_t pool::slow() const { return count(connections_, &connection::is_slow); }
std::size_t pool::held() const { return count(connections_, &connection::is_held); }

bool pool::has_answered_within(clock::duration time) const {
  const auto since = clock::now() - time;
  return std::any_of(connections_.begin(), connections_.end(),
                     [&](const auto& one) { return one->is_ready() && one->answered_at() >= since; });
}

std::size_t pool::load() const {
  auto all = line_.size();
  for (const auto& one : connections_) all += one->in_flight();
  return all;
}

task<outcome> pool::run(std::size_t statement, arguments with, std::uint64_t kind) {
  call one;
  one.writes = options_.statements[statement].writes;
  one.kind = options_.statements[statement].sql_of_many.empty() ? 0 : kind;
  one.statement = statement;
  one.with = std::move(with);
  one.until = watchdog_.now() + options_.waiting_timeout;
  if (has_tried_ && !is_connected()) {
    one.what = error{errc::unavailable};
  } else if (!line_.push(one)) {
    one.what = error{errc::overloaded};
  } else {
    deadline = std::min(deadline, one.until);
    spread();
    co_await one.done.wait();
  }
  if (!one.what) ++counters_.errors[static_cast<std::size_t>(one.what.error().what)];
  co_return std::move(one.what);
}

// Who waits for a connection has its time too.
void pool::expire() noexcept {
  asio::post(loop_, [this] { answer_late(); });
}

void pool::answer_late() {
  const auto late = line_.take_late(watchdog_.now());
  if (line_.size() > 0) deadline = watchdog_.now() + watchdog::period;
  for (auto* one : late) static_cast<call*>(one)->finish(error{errc::timed_out});
}

// Whether reads may wait for a turn under way. If so somebody looks at them again when their patience ends.
bool pool::one_is_back_soon() {
  const auto within = patience_.for_turn();
  const auto now = clock::now();
  const bool found = std::any_of(connections_.begin(), connections_.end(), [&](const auto& one) {
    return one->shares_our_machine() && one->is_back_soon(now, within);
  });
  if (found && !std::exchange(waits_, true)) {
    impatience_.expires_after(within);
    impatience_.async_wait([this](error_code cancelled) {
      if (cancelled) return;
      waits_ = false;
      spread();
    });
  }
  return found;
}

bool pool::gathers() {
  const auto reads = line_.reads();
  if (reads == 0 || reads < line_.size() || reads >= patience_.company()) return false;
  if (std::exchange(gathering_, true)) return true;
  gathered_.expires_after(patience_.for_company());
  gathered_.async_wait([this](error_code cancelled) {
    if (cancelled) return;
    gathering_ = false;
    spread();
  });
  return true;
}

void pool::spread() {
  if (line_.size() == 0) return;
  if (gathering_ && line_.reads() >= patience_.company()) {
    gathering_ = false;
    gathered_.cancel();
  }
  const auto idle = count(connections_, &connection::is_idle);
  if (idle == 0) return;  // whoever comes back first takes what waits
  auto wanted = turns_wanted(line_, count(connections_, &connection::is_about_to_take), held(), held_max_,
                             line_.reads() > 0 && (gathering_ || one_is_back_soon()));
  for (auto& one : connections_) {
    if (wanted == 0) return;
    if (!one->is_idle()) continue;
    one->take_soon();
    --wanted;
  }
}

// What was not sent waits for another connection; a read that was sent does too, once; a write that was sent
// may have been done. Where there is no other, such a read waits for the next attempt to connect, and all
// else for nothing.
void pool::lost(const pipeline::leftovers& left, errc why) {
  std::vector<operation*> again;
  for (auto* one : left.sent) {
    auto& broken = static_cast<call&>(*one);
    if (!broken.writes && why == errc::connection_lost && broken.losses++ == 0) {
      ++counters_.repeated;
      again.push_back(one);
    } else {
      broken.finish(error{why, broken.writes});
    }
  }
  line_.push_front(left.aborted);
  has_tried_ = true;
  const bool waits_for_attempt = !is_connected() && !stopped_;
  if (waits_for_attempt) answer_in_vain();
  line_.push_front(again);
  if (!waits_for_attempt) answer_in_vain();
  spread();
}

// Where nobody is connected, whoever waits in line does so for nothing.
void pool::answer_in_vain() {
  if (is_connected()) return;
  for (auto* one : line_.empty()) static_cast<call*>(one)->finish(error{errc::unavailable});
}

}  // namespace atelier::db
