#include "db/waiting_line.hpp"

#include <algorithm>

namespace atelier::db {

std::deque<operation*>& waiting_line::place_of(const operation& one) {
  if (one.writes) return writes_;
  const bool slow = std::find(slow_.begin(), slow_.end(), one.statement) != slow_.end();
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
  const auto quick = std::stable_partition(reads_.begin(), reads_.end(),
                                           [&](const auto* one) { return one->statement != statement; });
  slow_reads_.insert(slow_reads_.end(), quick, reads_.end());
  reads_.erase(quick, reads_.end());
}

void waiting_line::is_quick(std::size_t statement) {
  if (std::erase(slow_, statement) == 0) return;
  const auto slow = std::stable_partition(slow_reads_.begin(), slow_reads_.end(),
                                          [&](const auto* one) { return one->statement == statement; });
  reads_.insert(reads_.end(), slow_reads_.begin(), slow);
  slow_reads_.erase(slow_reads_.begin(), slow);
}

std::vector<operation*> waiting_line::take_late(clock::time_point now) {
  std::vector<operation*> late;
  for (auto* place : {&reads_, &writes_, &slow_reads_}) {
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
