// Statements that no connection has taken yet: one line for all connections of a pool, so that nothing waits
// behind a slow statement while another connection is free.
#pragma once

#include "db/operation.hpp"

#include <cstddef>
#include <deque>
#include <span>
#include <vector>

namespace atelier::db {

class waiting_line {
 public:
  /// `most`: statements that may wait; beyond, whoever comes is told that it is full.
  explicit waiting_line(std::size_t most) : most_(most) {}

  /// False: full, nothing changed.
  bool push(operation& one);

  /// Those that were sent in vain come first again, in their order. They had their place: no bound applies.
  void push_front(std::span<operation* const> reads);

  /// The first read, the first write, and of slow statements; null where there is none.
  operation* take_read() { return take(reads_); }
  operation* take_write() { return take(writes_); }
  operation* take_slow_read() { return take(slow_reads_); }
  operation* take_slow_write() { return take(slow_writes_); }

  /// The server cancelled a statement that took too long: until it succeeds again its callers wait apart, so
  /// that those of other statements do not wait behind them.
  void is_slow(std::size_t statement);
  void is_quick(std::size_t statement);

  /// Those that have waited until now, or longer.
  std::vector<operation*> take_late(clock::time_point now);

  std::size_t reads() const { return reads_.size(); }
  std::size_t writes() const { return writes_.size(); }
  std::size_t slow_reads() const { return slow_reads_.size(); }
  std::size_t slow_writes() const { return slow_writes_.size(); }
  std::size_t size() const { return reads() + writes() + slow_reads() + slow_writes(); }

  /// Everybody: there is no connection that will ever come.
  std::vector<operation*> empty();

 private:
  static operation* take(std::deque<operation*>& from);

  std::deque<operation*>& place_of(const operation& one);

  std::size_t most_;
  std::deque<operation*> reads_;
  std::deque<operation*> writes_;
  std::deque<operation*> slow_reads_;
  std::deque<operation*> slow_writes_;
  std::vector<std::size_t> slow_;  // statements: hardly ever one
};

}  // namespace atelier::db
