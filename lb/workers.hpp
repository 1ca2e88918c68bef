// The workers together: who gets a request, who waits for room, what becomes of one that fails.
#pragma once

#include "lb/limits.hpp"
#include "lb/pick.hpp"
#include "lb/waiting_line.hpp"
#include "lb/worker.hpp"

#include <memory>
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

  /// Resolves its name, blocking. Errors: no such name; a worker that is here already.
  result<> add(const worker_settings& settings);

  /// The worker for the next request, whose slot is taken until release(); null where none has room.
  worker* acquire(const worker* avoid);

  /// Waits for room, first come first served, for limits.queue_timeout. Null: none came free in time, the
  /// queue is full, or no worker is usable any more.
  task<worker*> acquire_later();

  void release(worker& w);

  /// Sends all who wait away with nothing.
  void dismiss_waiting();

  bool any_usable() const { return lb::any_usable(loads_); }

  /// Evidence, for and against. A worker that goes down because it gives no answer at all loses the requests
  /// that can be sent to another one.
  void probed(worker& w, const probe_answer& answer);
  void failed(worker& w, fault how);

  /// Closes connections that rested too long or that their worker closed.
  void sweep();

  std::size_t waiting() const { return waiting_.length(); }
  std::size_t in_flight(const worker& w) const { return loads_[w.slot].in_flight; }
  const std::vector<std::unique_ptr<worker>>& all() const { return all_; }

 private:
  void apply(worker& w, const health::change& change, std::string_view detail);
  void serve_waiting();

  const limits& limits_;
  const health_rules& rules_;
  std::vector<std::unique_ptr<worker>> all_;
  std::vector<load> loads_;  // by worker::slot
  waiting_line<worker*> waiting_;
};

}  // namespace atelier::lb
