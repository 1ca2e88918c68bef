// One pipelined connection to PostgreSQL, opened again whenever it is lost. Private to the pool.
#pragma once

#include "core/watchdog.hpp"
#include "db/call.hpp"
#include "db/connection_owner.hpp"
#include "db/counters.hpp"
#include "db/link.hpp"
#include "db/pool_options.hpp"

#include <optional>
#include <vector>

namespace atelier::db {

class connection final : public watched {
 public:
  connection(asio::io_context& loop, watchdog& dog, const pool_options& options, outage& trouble,
             pool_counters& count, connection_owner& of);

  /// Opens, serves, and opens again with back-off, until stop().
  task<> run();
  void stop();

  bool is_ready() const { return ready_; }
  clock::time_point answered_at() const { return answered_at_; }  // the last time
  bool shares_our_machine() const { return link_.is_local(); }
  bool is_idle() const { return ready_ && !turn_scheduled_ && !pipeline_.awaits_server(); }
  bool is_about_to_take() const { return ready_ && turn_scheduled_; }
  /// A turn of quick reads is under way, since so lately that it will be back before it is worth while to ask
  /// another connection.
  bool is_back_soon(clock::time_point now, clock::duration within) const {
    return ready_ && pipeline_.awaits_server() && !is_held() && now - sent_at_ < within;
  }
  bool is_held() const { return pipeline_.is_held(); }
  bool is_slow() const { return pipeline_.is_slow(); }
  std::size_t in_flight() const { return pipeline_.in_flight(); }

  /// Takes a turn of what waits in line after one more round of the loop: what is there to be read from
  /// clients by now joins it. A loop that has nothing else to do comes round at once.
  void take_soon();

  void expire() noexcept override;

 private:
  task<bool> open();
  task<bool> prepare();
  task<> serve();
  void take_turn();
  bool send(call& first, clock::time_point now);
  bool flush();
  bool take_answers();
  void take_answer(pg_result result);
  void judge(std::size_t statement, pipeline::verdict v);
  void finish_together(call* first, outcome what);
  void wake_finished();
  void report();
  void close();

  asio::io_context& loop_;
  watchdog& watchdog_;
  const pool_options& options_;
  outage& outage_;
  pool_counters& count_;
  connection_owner& owner_;
  pipeline pipeline_;
  link link_;
  timer pause_;
  back_off back_off_;
  std::vector<std::string> names_of_many_;  // by statement
  std::vector<std::pair<call*, outcome>> finished_;
  std::optional<outcome> answer_;  // of the oldest statement in flight, until libpq says that it is whole
  std::optional<outcome> held_;    // of a write that waits for its commit
  clock::time_point sent_at_;      // the turn that is under way
  clock::time_point answered_at_ = clock::time_point::min();
  std::size_t turn_had_ = 0;  // statements
  bool answer_aborted_ = false;
  bool ready_ = false;
  bool broken_ = false;
  bool silent_ = false;  // nothing came for answer_timeout
  bool turn_scheduled_ = false;
  bool stopping_ = false;
};

}  // namespace atelier::db
