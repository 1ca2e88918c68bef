// A few pipelined connections, used as one. The only way of the serving roles to PostgreSQL.
#pragma once

#include "core/async.hpp"
#include "core/watchdog.hpp"
#include "db/connection_owner.hpp"
#include "db/counters.hpp"
#include "db/patience.hpp"
#include "db/pool_options.hpp"

#include <memory>
#include <vector>

namespace atelier::db {

class connection;
class outage;

class pool final : private connection_owner, private watched {
 public:
  pool(asio::io_context& loop, pool_options options);
  ~pool() override;

  /// Opens the connections in the background, and again whenever they are lost, until stop(). What is to run
  /// before the first attempt has ended waits for it.
  void start();
  void stop();

  /// Runs one prepared statement on the first connection that is free.
  /// Errors: overloaded, unavailable (nothing was sent); connection_lost, timed_out (a write may have been
  /// done if it says may_have_run); rejected (it did not run). A read whose connection broke has been tried
  /// once more before it fails. Lifetime: the arguments are owned.
  ///
  /// `kind`: calls of one kind, not 0, may go to the server as one (statement::sql_of_many). They must not
  /// differ in anything but their first argument.
  task<outcome> run(std::size_t statement, arguments with, std::uint64_t kind = 0);

  bool is_connected() const { return connected() > 0; }

  /// Whether a connection that is up has had the answer to a statement since so long ago.
  bool has_answered_within(clock::duration time) const;

  std::size_t connected() const;
  std::size_t load() const;  // statements that wait or are in flight
  const pool_counters& counted() const { return counters_; }
  std::size_t connections_wanted() const { return options_.connections; }
  std::chrono::milliseconds statement_timeout() const { return options_.statement_timeout; }

 private:
  waiting_line& line() override { return line_; }
  bool may_write() const override { return held() < held_max_; }
  bool may_be_slow() const override { return held() < held_max_ && slow() < slow_max_; }
  void came_back(clock::duration took, std::size_t had) override {
    patience_.came_back(took, had + line_.reads());
  }
  bool gathers() override;
  void spread() override;
  bool one_is_back_soon();
  void lost(const pipeline::leftovers& left, errc why) override;
  std::size_t held() const;
  std::size_t slow() const;
  void expire() noexcept override;
  void answer_late();
  void answer_in_vain();

  asio::io_context& loop_;
  pool_options options_;
  watchdog watchdog_;
  pool_counters counters_;
  std::unique_ptr<outage> outage_;
  waiting_line line_;
  bool stopped_ = false;
  bool has_tried_ = false;  // an attempt to connect has failed: until then statements wait for the first
  patience patience_;
  timer impatience_;  // looks again at reads that wait for a turn under way
  bool waits_ = false;
  timer gathered_;  // looks again at reads that wait for each other
  bool gathering_ = false;
  std::size_t held_max_;  // connections held at a time: where there are two, one is left for quick reads
  std::size_t slow_max_;  // of these by what is slow: where there are three, one is left for writes
  std::vector<std::unique_ptr<connection>> connections_;
};

}  // namespace atelier::db
