// A few pipelined connections, used as one. The only way of the serving roles to PostgreSQL.
#pragma once

#include "core/async.hpp"
#include "core/watchdog.hpp"
#include "db/counters.hpp"
#include "db/pool_options.hpp"

#include <memory>
#include <vector>

namespace atelier::db {

class connection;
class outage;

class pool {
 public:
  pool(asio::io_context& loop, pool_options options);
  ~pool();

  /// Opens the connections in the background, and again whenever they are lost, until stop().
  void start();
  void stop();

  /// Runs one prepared statement on the least busy connection.
  /// Errors: overloaded, unavailable (nothing was sent); connection_lost, timed_out (a write may have been
  /// done: may_have_run); rejected (it did not run). A read whose connection broke has been tried once more
  /// before it fails. Lifetime: the arguments are owned.
  task<outcome> run(std::size_t statement, arguments with);

  bool is_connected() const;
  std::size_t connected() const;
  std::size_t load() const;
  const pool_counters& counted() const { return counters_; }
  std::size_t connections_wanted() const { return options_.connections; }

 private:
  connection* least_busy() const;
  bool submit(call& one);
  void lost(const pipeline::leftovers& left, errc why);

  asio::io_context& loop_;
  pool_options options_;
  watchdog watchdog_;
  pool_counters counters_;
  std::unique_ptr<outage> outage_;
  std::vector<std::unique_ptr<connection>> connections_;
};

}  // namespace atelier::db
