// One asynchronous connection to PostgreSQL, from names to non-blocking: what a pipelined connection and a
// listening one share. Private to db.
#pragma once

#include "core/async.hpp"
#include "db/pg.hpp"

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <random>
#include <string>

namespace atelier::db {

/// Says once that the database is gone and once that it is back, however many connections see it.
class outage {
 public:
  void begins(std::string_view what, std::string_view reason);
  void ends(PGconn* connection);

 private:
  bool said_ = false;
};

/// Pauses between attempts to connect: doubling, with jitter, so that workers that lost the same server do
/// not come back in one wave.
class back_off {
 public:
  back_off(std::chrono::milliseconds least, std::chrono::milliseconds most)
      : least_(least), most_(most), next_(least) {}

  std::chrono::milliseconds next();
  void reset() { next_ = least_; }

 private:
  std::chrono::milliseconds least_;
  std::chrono::milliseconds most_;
  std::chrono::milliseconds next_;
  std::minstd_rand jitter_{std::random_device{}()};
};

class link {
 public:
  using descriptor = asio::posix::basic_stream_descriptor<executor>;

  link(asio::io_context& loop, const std::string& conninfo, const std::string& application_name)
      : conninfo_(conninfo), application_name_(application_name), descriptor_(loop) {}

  /// Connects without blocking the loop. False: not; reason() says why.
  task<bool> connect();

  /// Waits until the socket can be read or written. False: interrupted, or broken.
  task<bool> wait(descriptor::wait_type what);

  /// The same with a callback, which is called with an error if the link is interrupted or closed first.
  template <class F>
  void when_writable(F f) {
    descriptor_.async_wait(descriptor::wait_write, std::move(f));
  }

  /// Ends the wait that is under way, and every later one until the next connect().
  void interrupt();

  void close();

  PGconn* get() const { return connection_.get(); }
  bool is_open() const { return connection_ != nullptr; }

  /// The server is on this machine: a UNIX socket, or both ends have one address. Since connect().
  bool is_local() const { return local_; }

  /// The first line of what libpq, or the look-up of a name, says is wrong.
  std::string reason() const;

 private:
  task<bool> begin();

  const std::string& conninfo_;
  const std::string& application_name_;
  pg_connection connection_;
  descriptor descriptor_;
  std::string look_up_problem_;
  bool interrupted_ = false;
  bool local_ = false;
};

}  // namespace atelier::db
