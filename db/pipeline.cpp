#include "db/pipeline.hpp"

#include <algorithm>
#include <utility>

namespace atelier::db {

std::vector<operation*> pipeline::next_turn(waiting_line& line, bool may_write) {
  std::vector<operation*> turn;
  if (awaits_server()) return turn;
  const auto send = [&](operation* one) {
    one->where = operation::stage::sent;
    ++statements_in_flight_;
    turn.push_back(one);
  };
  turn.reserve(std::min(line.reads(), reads_max_) + 3);
  while (turn.size() < reads_max_) {
    auto* const read = line.take_read();
    if (!read) break;
    send(read);
  }
  if (!turn.empty()) turn.push_back(nullptr);
  if (auto* const write = may_write ? line.take_write() : nullptr) {
    send(write);
    turn.push_back(nullptr);
    writes_ = true;
  }
  in_flight_.assign(turn.begin(), turn.end());
  return turn;
}

operation* pipeline::pop_front() {
  operation* one = in_flight_.front();
  in_flight_.pop_front();
  if (one) --statements_in_flight_;
  return one;
}

operation* pipeline::answered(verdict v) {
  operation* one = pop_front();
  if (v == verdict::aborted) {
    aborted_.push_back(one);
    return nullptr;
  }
  if (v == verdict::succeeded && one->writes) {
    uncommitted_ = one;
    return nullptr;
  }
  one->where = operation::stage::idle;
  return one;
}

operation* pipeline::synced(waiting_line& line) {
  pop_front();
  line.push_front(aborted_);
  aborted_.clear();
  if (!awaits_server()) writes_ = false;
  auto* const committed = std::exchange(uncommitted_, nullptr);
  if (committed) committed->where = operation::stage::idle;
  return committed;
}

pipeline::leftovers pipeline::lost() {
  leftovers left;
  if (uncommitted_) left.sent.push_back(uncommitted_);
  uncommitted_ = nullptr;
  for (auto* one : in_flight_)
    if (one) left.sent.push_back(one);
  left.aborted = std::exchange(aborted_, {});
  for (auto* one : left.sent) one->where = operation::stage::idle;
  for (auto* one : left.aborted) one->where = operation::stage::idle;
  in_flight_.clear();
  statements_in_flight_ = 0;
  writes_ = false;
  return left;
}

std::size_t turns_wanted(const waiting_line& line, std::size_t about_to, std::size_t writing,
                         std::size_t writers_max) {
  const auto for_reads = (line.reads() + turn_reads_max - 1) / turn_reads_max;
  const auto for_writes = std::min(line.writes(), writers_max - std::min(writers_max, writing));
  const auto wanted = std::max(for_reads, for_writes);
  return wanted - std::min(wanted, about_to);
}

}  // namespace atelier::db
