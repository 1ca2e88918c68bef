#include "db/waiting_line.hpp"

namespace atelier::db {

bool waiting_line::push(operation& one) {
  if (size() >= most_) return false;
  one.where = operation::stage::waiting;
  (one.writes ? writes_ : reads_).push_back(&one);
  return true;
}

void waiting_line::push_front(std::span<operation* const> reads) {
  for (auto* one : reads) one->where = operation::stage::waiting;
  reads_.insert(reads_.begin(), reads.begin(), reads.end());
}

operation* waiting_line::take(std::deque<operation*>& from) {
  if (from.empty()) return nullptr;
  auto* const one = from.front();
  from.pop_front();
  return one;
}

std::vector<operation*> waiting_line::empty() {
  std::vector<operation*> all(reads_.begin(), reads_.end());
  all.insert(all.end(), writes_.begin(), writes_.end());
  for (auto* one : all) one->where = operation::stage::idle;
  reads_.clear();
  writes_.clear();
  return all;
}

}  // namespace atelier::db
