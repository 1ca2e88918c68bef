// What is sent when, and whose answer is whose: the pure half of a pipelined connection.
//
// Between two Syncs the statements are one implicit transaction (PostgreSQL manual, 55.2.3): if one fails,
// those behind it are aborted. Reads of one turn share a Sync, because they do no harm to each other: the
// aborted are simply sent again. A write has a Sync of its own.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

namespace atelier::db {

struct pipeline_limits {
  std::size_t in_flight_max = 256;  // statements sent and not yet answered, a connection
  std::size_t waiting_max = 4096;   // statements queued; beyond: errc::overloaded
  std::size_t sync_reads_max = 32;  // reads that share a Sync
};

/// One statement on its way. Whoever pushes it keeps it alive until it comes back.
struct operation {
  enum class stage {
    idle,     // not in a pipeline
    waiting,  // not sent: may still go to another connection
    sent,     // the server may run it
  };
  bool writes = false;
  stage where = stage::idle;
  unsigned losses = 0;  // connections that broke under it
};

class pipeline {
 public:
  explicit pipeline(const pipeline_limits& limits) : limits_(limits) {}

  /// False: full, nothing changed.
  bool push(operation& one);

  /// What goes out now, in order; null stands for a Sync. All reads first, then the writes.
  std::vector<operation*> next_turn();

  enum class verdict { succeeded, failed, aborted };

  /// The server answered the oldest statement in flight. Returns it when it is finished; null when it was
  /// aborted by a neighbour's error and waits again, or when it is a write that succeeded: its commit is at
  /// the Sync, and it is finished there.
  operation* answered(verdict v);

  /// The server passed the oldest Sync. Returns the write that was committed by it, if there is one.
  operation* synced();

  /// True while something is still to come from the server.
  bool awaits_server() const { return !in_flight_.empty(); }

  /// True if the next thing to come from the server is the answer to a statement, false: a Sync or nothing.
  bool expects_answer() const { return !in_flight_.empty() && in_flight_.front() != nullptr; }
  bool expects_sync() const { return !in_flight_.empty() && in_flight_.front() == nullptr; }

  std::size_t in_flight() const { return statements_in_flight_; }
  std::size_t waiting() const { return waiting_.size(); }
  std::size_t load() const { return statements_in_flight_ + waiting_.size(); }

  struct leftovers {
    std::vector<operation*> not_sent;  // and those that were aborted: safe anywhere
    std::vector<operation*> sent;      // their answers will never come
  };
  /// Empties everything: the connection is gone.
  leftovers lost();

 private:
  operation* pop_front();

  pipeline_limits limits_;
  std::deque<operation*> waiting_;
  std::deque<operation*> in_flight_;  // null: a Sync
  std::vector<operation*> aborted_;   // wait for the Sync, then go first
  operation* uncommitted_ = nullptr;  // a write whose statement has succeeded
  std::size_t statements_in_flight_ = 0;
};

}  // namespace atelier::db
