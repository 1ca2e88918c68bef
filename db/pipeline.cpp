#include "db/pipeline.hpp"

#include <algorithm>
#include <utility>

namespace atelier::db {

bool pipeline::push(operation& one) {
  if (waiting_.size() >= limits_.waiting_max) return false;
  one.where = operation::stage::waiting;
  waiting_.push_back(&one);
  return true;
}

std::vector<operation*> pipeline::next_turn() {
  std::vector<operation*> turn;
  const auto room = limits_.in_flight_max - std::min(limits_.in_flight_max, statements_in_flight_);
  const auto count = std::min(room, waiting_.size());
  if (count == 0) return turn;
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
  std::size_t reads = 0;
  const auto send = [&](operation* one) {
    one->where = operation::stage::sent;
    ++statements_in_flight_;
    turn.push_back(one);
  };
  for (auto at = waiting_.begin(); at != end; ++at) {
    if ((*at)->writes) continue;
    send(*at);
    if (++reads % limits_.sync_reads_max == 0) turn.push_back(nullptr);
  }
  if (!turn.empty() && turn.back()) turn.push_back(nullptr);
  for (auto at = waiting_.begin(); at != end; ++at) {
    if (!(*at)->writes) continue;
    send(*at);
    turn.push_back(nullptr);
  }
  waiting_.erase(waiting_.begin(), end);
  in_flight_.insert(in_flight_.end(), turn.begin(), turn.end());
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
    one->where = operation::stage::waiting;
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

operation* pipeline::synced() {
  pop_front();
  waiting_.insert(waiting_.begin(), aborted_.begin(), aborted_.end());
  aborted_.clear();
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
  left.not_sent = std::move(aborted_);
  left.not_sent.insert(left.not_sent.end(), waiting_.begin(), waiting_.end());
  for (auto* one : left.sent) one->where = operation::stage::idle;
  for (auto* one : left.not_sent) one->where = operation::stage::idle;
  in_flight_.clear();
  waiting_.clear();
  aborted_.clear();
  statements_in_flight_ = 0;
  return left;
}

}  // namespace atelier::db
