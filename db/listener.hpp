// A connection of its own that listens to one channel (LISTEN, NOTIFY), opened again whenever it is lost.
#pragma once

#include "core/watchdog.hpp"
#include "db/link.hpp"
#include "db/pool_options.hpp"

#include <string>
#include <string_view>

namespace atelier::db {

/// Who is told what the listener hears, on the loop's thread.
class listener_events {
 public:
  virtual ~listener_events() = default;
  virtual void listening() = 0;                          // what was announced before is not known
  virtual void announced(std::string_view payload) = 0;  // in the order of the commits
  virtual void caught_up() = 0;                          // nothing more has arrived for now
  virtual void lost() = 0;                               // no longer listening
};

struct listener_options {
  std::string channel;
  std::chrono::milliseconds beat_period = 50ms;  // between round trips on a quiet connection
};

/// Proves again and again that it is not behind: a round trip that begins after a transaction's committer was
/// told brings that transaction's announcement before its own answer. PostgreSQL signals the listening
/// sessions before it reports the commit, and a session sends what it was signalled before it says that it is
/// ready again (async.c and postgres.c in PostgreSQL's sources).
class listener final : public watched {
 public:
  listener(asio::io_context& loop, const pool_options& where, listener_options what, listener_events& who);

  void start();
  void stop();

  bool is_listening() const { return listening_; }

  /// When the latest round trip that has come back began: what was committed before then has been told. Never
  /// (time_point::min()) while nothing is listened to.
  clock::time_point fresh_since() const { return fresh_since_; }

  /// For whom fresh_since() grows old because a loop with thousands of ready sockets comes round to the
  /// listener's too late. Soon, though not in the middle of the caller's work, what has arrived is told and a
  /// round trip that is due begins. Cheap to call again and again.
  void hurry();

  /// The socket to PostgreSQL; only while listening.
  int descriptor() const { return PQsocket(link_.get()); }

  void expire() noexcept override;

 private:
  task<> run();
  task<bool> open();
  task<bool> listen();
  task<> serve();
  task<> beat();
  void begin_beat();
  bool hear();
  bool take();
  void close();

  asio::io_context& loop_;
  const pool_options where_;
  listener_options what_;
  listener_events& who_;
  watchdog watchdog_;
  outage outage_;
  link link_;
  timer pause_;
  timer beat_;
  back_off back_off_;
  clock::time_point beat_began_;
  clock::time_point fresh_since_ = clock::time_point::min();
  clock::time_point hurried_;
  bool hurrying_ = false;
  bool beating_ = false;  // a round trip is under way
  bool listening_ = false;
  bool silent_ = false;
  bool stopping_ = false;
};

}  // namespace atelier::db
