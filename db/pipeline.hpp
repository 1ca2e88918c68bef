// What is sent when, and whose answer is whose: the pure half of a pipelined connection.
//
// A connection has one turn in flight: what has come meanwhile goes out together when it is back. So the
// busier a worker is, the more statements share a system call and a wake-up of the server's process, which
// cost more than a short statement does; an idle one waits for nobody.
//
// Between two Syncs the statements are one implicit transaction (PostgreSQL manual, 55.2.3): if one fails,
// those behind it are aborted. Reads of one turn share a Sync, because they do no harm to each other: the
// aborted are simply sent again. A write has a Sync of its own.
//
// Reads of one kind in a turn go as one statement: to begin and end one costs the server about as much as to
// find what it asks for. If it fails nobody knows for which of them, so that each is sent again alone; if it
// took too long the time of all of them is over.
//
// Reads of a statement that was too slow lately go last and behind a Sync of their own, and like writes not
// on the last connection: whatever a lock or an expensive page holds up, the others are answered.
#pragma once

#include "db/waiting_line.hpp"

#include <cstddef>
#include <deque>
#include <vector>

namespace atelier::db {

inline constexpr std::size_t turn_reads_max = 32;  // reads of a turn: how many a slow one can hold up

class pipeline {
 public:
  explicit pipeline(std::size_t reads_max = turn_reads_max) : reads_max_(reads_max) {}

  /// Takes from the line what goes out now, in order; null stands for a Sync. Reads first, then one write, if
  /// `may_write`, and slow reads and one slow write, if `may_be_slow`. Nothing while a turn is in flight.
  /// Each read stands for those that go with it (operation::goes_with).
  std::vector<operation*> next_turn(waiting_line& line, bool may_write, bool may_be_slow = true);

  enum class verdict { succeeded, failed, too_slow, aborted };

  /// The server answered the oldest statement in flight. Returns it when it is finished, and with it those
  /// that go with it; null when it was aborted by a neighbour's error or failed for several and waits again,
  /// or when it is a write that succeeded: its commit is at the Sync, and it is finished there.
  operation* answered(verdict v);

  /// The server passed the oldest Sync: what was aborted goes back to the line. Returns the write that was
  /// committed by it, if there is one.
  operation* synced(waiting_line& line);

  /// True while something is still to come from the server.
  bool awaits_server() const { return !in_flight_.empty(); }

  /// True if the next thing to come from the server is the answer to a statement, false: a Sync or nothing.
  bool expects_answer() const { return !in_flight_.empty() && in_flight_.front() != nullptr; }
  bool expects_sync() const { return !in_flight_.empty() && in_flight_.front() == nullptr; }

  /// A turn with a write, or with what is slow, is in flight.
  bool is_held() const { return writes_ || slow_; }
  bool is_slow() const { return slow_; }
  std::size_t in_flight() const { return operations_in_flight_; }

  struct leftovers {
    std::vector<operation*> aborted;  // they did nothing: safe anywhere
    std::vector<operation*> sent;     // their answers will never come
  };
  /// Forgets everything: the connection is gone.
  leftovers lost();

 private:
  using take_one = operation* (waiting_line::*)();
  void take_reads(waiting_line& line, take_one take, std::size_t count, std::vector<operation*>& turn);
  bool take_write(operation* write, std::vector<operation*>& turn);
  operation* pop_front();

  std::size_t reads_max_;
  std::deque<operation*> in_flight_;  // null: a Sync
  std::vector<operation*> aborted_;   // in vain; wait for the Sync, then go back to the line
  operation* uncommitted_ = nullptr;  // a write whose statement has succeeded
  std::size_t operations_in_flight_ = 0;
  bool writes_ = false;
  bool slow_ = false;
};

/// How many connections more are to take a turn of what waits, beside those that are about to. A write takes
/// a connection of its own, and no more than `held_max` of them are held, by writes or by what is slow, at a
/// time: a read never waits for somebody else's commit.
/// `back_soon`: a turn of quick reads under way will take reads when it is back, so that only whole turns of
/// them are worth another connection.
std::size_t turns_wanted(const waiting_line& line, std::size_t about_to, std::size_t held,
                         std::size_t held_max, bool back_soon = false);

}  // namespace atelier::db
