// The workers together: who gets a request, who waits for room, what becomes of one that fails.
#pragma once

#include "lb/limits.hpp"
#include "lb/pick.hpp"
#include "lb/waiting_line.hpp"
#include "lb/worker.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace atelier::lb {

struct probe_answer {
  bool good = false;
  bool silent = false;  // there was none
  std::string why_not;
};

class workers {
 public:
  workers(asio::io_context& loop, const limits& bounds, const health_rules& rules)
      : limits_(bounds), rules_(rules), waiting_(loop) {}

  /// A worker that is leaving stays after all, as `settings` say and at this address. Errors: one that is
  /// here already.
  result<std::shared_ptr<worker>> add(const worker_settings& settings, const socket_address& where);

  /// By HOST:PORT; null where there is none. One that is leaving counts as gone.
  worker* find(std::string_view name) const;

  /// What an operator wants of a worker: no new requests; requests again; gone once it has answered what it
  /// has.
  void drain(worker& w);
  void make_ready(worker& w);
  void remove(worker& w);
  void change(worker& w, std::uint32_t weight, std::uint32_t in_flight_max);
  void move(worker& w, const socket_address& where);

  /// The worker for the next request, whose slot is taken until release(); null where none has room. `avoid`
  /// is the number of the worker that failed it before. `key`: of requests that had better go to one worker
  /// (limits.affinity_percent).
  worker* acquire(std::optional<std::uint64_t> avoid, std::optional<std::uint64_t> key = std::nullopt);

  /// Waits for room, first come first served. Null: none came free in time, the
  /// queue is full, or no worker is usable any more.
  task<worker*> acquire_later(clock::duration patience, place_in_line& place);

  void release(worker& w);

  /// Sends all who wait away with nothing.
  void dismiss_waiting();

  bool any_usable() const { return lb::any_usable(loads_); }

  /// Too few are healthy: all get requests (limits.panic_percent).
  bool in_panic() const { return in_panic_; }

  /// Evidence, for and against. A worker that goes down because it gives no answer at all loses the requests
  /// that can be sent to another one.
  void probed(worker& w, const probe_answer& answer);
  void failed(worker& w, fault how);
  void answered(worker& w, unsigned status);

  /// Once a second: closes connections that rested too long or that their worker closed, lets the weight of a
  /// worker that has come back grow, forgets those that have left.
  void sweep();

  /// Weights and bounds may have changed: look at all anew.
  void refresh();

  std::size_t waiting() const { return waiting_.length(); }
  std::size_t in_flight(const worker& w) const { return loads_[w.slot].in_flight; }
  const std::vector<std::shared_ptr<worker>>& all() const { return all_; }

 private:
  bool is_last_healthy(const worker& w) const;
  void apply(worker& w, const health::change& change, std::string_view detail);
  void serve_waiting();
  void say(const worker& w, std::string_view what) const;
  void forget_those_that_left();

  const limits& limits_;
  const health_rules& rules_;
  std::vector<std::shared_ptr<worker>> all_;
  std::vector<load> loads_;  // by worker::slot
  waiting_line<worker*> waiting_;
  std::uint64_t last_number_ = 0;
  bool in_panic_ = false;
};

}  // namespace atelier::lb
