// One pipelined connection to PostgreSQL, opened again whenever it is lost. Private to the pool.
#pragma once

#include "core/watchdog.hpp"
#include "db/call.hpp"
#include "db/counters.hpp"
#include "db/link.hpp"
#include "db/pool_options.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace atelier::db {

class connection final : public watched {
 public:
  /// What to do with statements whose connection is gone. Must not call back into this connection.
  using on_lost = std::function<void(const pipeline::leftovers&, errc why)>;

  connection(asio::io_context& loop, watchdog& dog, const pool_options& options, outage& trouble,
             pool_counters& count, on_lost lost);

  /// Opens, serves, and opens again with back-off, until stop().
  task<> run();
  void stop();

  bool is_ready() const { return ready_; }
  std::size_t load() const { return pipeline_.load(); }

  /// Queues it for the next turn of the loop. False: full.
  bool submit(call& one);

  void expire() noexcept override;

 private:
  task<bool> open();
  task<bool> prepare();
  task<> serve();
  void schedule_turn();
  void turn();
  bool send(call& one, clock::time_point now);
  bool flush();
  bool take_answers();
  void take_answer(pg_result result);
  void wake_finished();
  void report();
  void close();

  asio::io_context& loop_;
  watchdog& watchdog_;
  const pool_options& options_;
  outage& outage_;
  pool_counters& count_;
  on_lost lost_;
  pipeline pipeline_;
  link link_;
  timer pause_;
  back_off back_off_;
  std::vector<std::pair<call*, outcome>> finished_;
  std::optional<outcome> answer_;  // of the oldest statement in flight, until libpq says that it is whole
  std::optional<outcome> held_;    // of a write that waits for its commit
  bool answer_aborted_ = false;
  bool ready_ = false;
  bool broken_ = false;
  bool silent_ = false;  // nothing came for answer_timeout
  bool turn_scheduled_ = false;
  bool flushing_ = false;  // the socket's buffer is full
  bool stopping_ = false;
};

}  // namespace atelier::db
