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

  /// The first read, the first write; null where there is none.
  operation* take_read() { return take(reads_); }
  operation* take_write() { return take(writes_); }

  std::size_t reads() const { return reads_.size(); }
  std::size_t writes() const { return writes_.size(); }
  std::size_t size() const { return reads() + writes(); }

  /// Everybody: there is no connection that will ever come.
  std::vector<operation*> empty();

 private:
  static operation* take(std::deque<operation*>& from);

  std::size_t most_;
  std::deque<operation*> reads_;
  std::deque<operation*> writes_;
};

}  // namespace atelier::db
