#include "db/waiting_line.hpp"

#include <algorithm>

namespace atelier::db {

namespace {

// Moves those of a statement from one place to the end of the other, in their order.
void move_over(std::size_t statement, std::deque<operation*>& from, std::deque<operation*>& to) {
  const auto others = std::stable_partition(from.begin(), from.end(),
                                            [&](const auto* one) { return one->statement != statement; });
  to.insert(to.end(), others, from.end());
  from.erase(others, from.end());
}

}  // namespace

std::deque<operation*>& waiting_line::place_of(const operation& one) {
  const bool slow = std::find(slow_.begin(), slow_.end(), one.statement) != slow_.end();
  if (one.writes) return slow ? slow_writes_ : writes_;
  return slow ? slow_reads_ : reads_;
}

bool waiting_line::push(operation& one) {
  if (size() >= most_) return false;
  one.where = operation::stage::waiting;
  place_of(one).push_back(&one);
  return true;
}

void waiting_line::push_front(std::span<operation* const> reads) {
  for (auto at = reads.rbegin(); at != reads.rend(); ++at) {
    (*at)->where = operation::stage::waiting;
    place_of(**at).push_front(*at);
  }
}

operation* waiting_line::take(std::deque<operation*>& from) {
  if (from.empty()) return nullptr;
  auto* const one = from.front();
  from.pop_front();
  return one;
}

void waiting_line::is_slow(std::size_t statement) {
  if (std::find(slow_.begin(), slow_.end(), statement) != slow_.end()) return;
  slow_.push_back(statement);
  move_over(statement, reads_, slow_reads_);
  move_over(statement, writes_, slow_writes_);
}

void waiting_line::is_quick(std::size_t statement) {
  if (std::erase(slow_, statement) == 0) return;
  move_over(statement, slow_reads_, reads_);
  move_over(statement, slow_writes_, writes_);
}

std::vector<operation*> waiting_line::take_late(clock::time_point now) {
  std::vector<operation*> late;
  for (auto* place : {&reads_, &writes_, &slow_reads_, &slow_writes_}) {
    const auto end = std::stable_partition(place->begin(), place->end(),
                                           [&](const auto* one) { return one->until > now; });
    late.insert(late.end(), end, place->end());
    place->erase(end, place->end());
  }
  for (auto* one : late) one->where = operation::stage::idle;
  return late;
}

std::vector<operation*> waiting_line::empty() { return take_late(clock::time_point::max()); }

}  // namespace atelier::db
