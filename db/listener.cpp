#include "db/listener.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

namespace atelier::db {

listener::listener(asio::io_context& loop, const pool_options& where, listener_options what,
                   listener_events& who)
    : loop_(loop),
      where_(where),
      what_(std::move(what)),
      who_(who),
      watchdog_(loop),
      link_(loop, where_.conninfo, where_.application_name),
      pause_(loop),
      beat_(loop),
      back_off_(where.retry_min, where.retry_max) {
  watchdog_.add(*this);
}

void listener::start() {
  // Each ends after stop().
  asio::co_spawn(loop_, watchdog_.run(), asio::detached);
  asio::co_spawn(loop_, run(), asio::detached);
  asio::co_spawn(loop_, beat(), asio::detached);
}

void listener::stop() {
  stopping_ = true;
  watchdog_.stop();
  pause_.cancel();
  beat_.cancel();
  link_.interrupt();
}

void listener::expire() noexcept {
  silent_ = true;
  link_.interrupt();
}

task<> listener::run() {
  while (!stopping_) {
    if (co_await open()) {
      outage_.ends(link_.get());
      back_off_.reset();
      listening_ = true;
      who_.listening();
      co_await serve();
      listening_ = false;
      fresh_since_ = clock::time_point::min();
      who_.lost();
    }
    close();
    if (stopping_) co_return;
    pause_.expires_after(back_off_.next());
    const auto [cancelled] = co_await pause_.async_wait(no_throw);
    if (cancelled) co_return;
  }
}

void listener::close() {
  if (!stopping_)
    outage_.begins(silent_ ? "PostgreSQL is silent to the cache's listener: look at its load and disk"
                           : "the cache's listener has no connection to PostgreSQL: start it, or let it in "
                             "(max_connections)",
                   link_.reason());
  beating_ = false;
  deadline = clock::time_point::max();
  link_.close();
}

task<bool> listener::open() {
  silent_ = false;
  deadline = watchdog_.now() + where_.connect_timeout;
  bool opened = co_await link_.connect();
  if (opened) opened = co_await listen();
  deadline = clock::time_point::max();
  co_return opened && !stopping_;
}

task<bool> listener::listen() {
  auto* const c = link_.get();
  if (PQsendQuery(c, fmt::format("listen {}", what_.channel).c_str()) != 1) co_return false;
  for (;;) {
    const int unsent = PQflush(c);
    if (unsent < 0) co_return false;
    if (!co_await link_.wait(unsent > 0 ? link::descriptor::wait_write : link::descriptor::wait_read))
      co_return false;
    if (PQconsumeInput(c) != 1) co_return false;
    while (!PQisBusy(c)) {
      const pg_result result(PQgetResult(c));
      if (!result) co_return true;
      if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) co_return false;
    }
  }
}

task<> listener::serve() {
  while (take()) {
    const bool readable = co_await link_.wait(link::descriptor::wait_read);
    if (!readable || PQconsumeInput(link_.get()) != 1) co_return;
  }
}

bool listener::hear() { return PQconsumeInput(link_.get()) == 1 && take(); }

// A posted handler stands behind those that are ready now, of which there are few hundreds at most; the
// listener's socket and timer stand behind every other socket that is ready.
void listener::hurry() {
  constexpr auto pause = 1ms;
  const auto now = clock::now();
  if (hurrying_ || !listening_ || now - hurried_ < pause) return;
  hurrying_ = true;
  hurried_ = now;
  asio::post(loop_, [this] {
    hurrying_ = false;
    if (!listening_ || stopping_) return;
    if (!hear()) return link_.interrupt();  // serve() ends
    if (!beating_ && clock::now() - beat_began_ >= what_.beat_period) begin_beat();
  });
}

// Gives on what has arrived. False: the connection is broken.
bool listener::take() {
  auto* const c = link_.get();
  bool beat_came_back = false;
  while (beating_ && !PQisBusy(c)) {
    const pg_result result(PQgetResult(c));
    if (!result) {
      beating_ = false;
      beat_came_back = true;
    }
  }
  bool any = false;
  while (auto* const one = PQnotifies(c)) {
    who_.announced(one->extra);
    PQfreemem(one);
    any = true;
  }
  if (any) who_.caught_up();
  // Only now: all that came before the answer has been told.
  if (beat_came_back) {
    fresh_since_ = beat_began_;
    deadline = clock::time_point::max();
  }
  return PQstatus(c) == CONNECTION_OK;
}

void listener::begin_beat() {
  beat_began_ = clock::now();
  beating_ = PQsendQuery(link_.get(), "") == 1;
  if (beating_ && PQflush(link_.get()) == 0)
    deadline = watchdog_.now() + where_.answer_timeout;
  else
    link_.interrupt();  // a few bytes that the socket does not take: it is dead
}

task<> listener::beat() {
  while (!stopping_) {
    if (listening_ && !beating_) begin_beat();
    beat_.expires_after(what_.beat_period);
    const auto [cancelled] = co_await beat_.async_wait(no_throw);
    if (cancelled) co_return;
  }
}

}  // namespace atelier::db
