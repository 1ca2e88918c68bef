#include "db/pipeline.hpp"

#include <algorithm>
#include <utility>

namespace atelier::db {

// Adds reads to the turn, and a Sync behind them.
void pipeline::take_reads(waiting_line& line, take_one take, std::size_t count,
                          std::vector<operation*>& turn) {
  if (count == 0) return;
  const auto first = static_cast<std::ptrdiff_t>(turn.size());
  std::vector<operation*> last;  // of those that go with each of the turn
  last.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    auto* const read = (line.*take)();
    read->where = operation::stage::sent;
    const auto same = std::find_if(turn.begin() + first, turn.end(),
                                   [&](auto* one) { return read->kind != 0 && one->kind == read->kind; });
    if (same == turn.end()) {
      turn.push_back(read);
      last.push_back(read);
    } else {
      auto& behind = last[static_cast<std::size_t>(same - turn.begin() - first)];
      behind->goes_with = read;
      behind = read;
    }
  }
  turn.push_back(nullptr);
  operations_in_flight_ += count;
}

// Adds a write, if there is one, and its Sync.
bool pipeline::take_write(operation* write, std::vector<operation*>& turn) {
  if (!write) return false;
  write->where = operation::stage::sent;
  ++operations_in_flight_;
  turn.push_back(write);
  turn.push_back(nullptr);
  return true;
}

std::vector<operation*> pipeline::next_turn(waiting_line& line, bool may_write, bool may_be_slow) {
  std::vector<operation*> turn;
  if (awaits_server()) return turn;
  const auto reads = std::min(line.reads(), reads_max_);
  turn.reserve(reads + 3);
  take_reads(line, &waiting_line::take_read, reads, turn);
  writes_ = may_write && take_write(line.take_write(), turn);
  if (may_be_slow) {
    const auto slow_reads = std::min(line.slow_reads(), reads_max_);
    take_reads(line, &waiting_line::take_slow_read, slow_reads, turn);
    slow_ = take_write(line.take_slow_write(), turn) || slow_reads > 0;
  }
  in_flight_.assign(turn.begin(), turn.end());
  return turn;
}

operation* pipeline::pop_front() {
  operation* first = in_flight_.front();
  in_flight_.pop_front();
  for (auto* one = first; one; one = one->goes_with) --operations_in_flight_;
  return first;
}

operation* pipeline::answered(verdict v) {
  operation* first = pop_front();
  if (v == verdict::failed && first->goes_with) {
    for (auto* one = first; one; one = one->goes_with) one->kind = 0;
    v = verdict::aborted;
  }
  if (v == verdict::aborted) {
    for_each_apart(first, [&](operation* one) { aborted_.push_back(one); });
    return nullptr;
  }
  if (v == verdict::succeeded && first->writes) {
    uncommitted_ = first;
    return nullptr;
  }
  for (auto* one = first; one; one = one->goes_with) one->where = operation::stage::idle;
  return first;
}

operation* pipeline::synced(waiting_line& line) {
  pop_front();
  line.push_front(aborted_);
  aborted_.clear();
  if (!awaits_server()) writes_ = slow_ = false;
  auto* const committed = std::exchange(uncommitted_, nullptr);
  if (committed) committed->where = operation::stage::idle;
  return committed;
}

pipeline::leftovers pipeline::lost() {
  leftovers left;
  if (uncommitted_) left.sent.push_back(uncommitted_);
  uncommitted_ = nullptr;
  for (auto* first : in_flight_) for_each_apart(first, [&](operation* one) { left.sent.push_back(one); });
  left.aborted = std::exchange(aborted_, {});
  for (auto* one : left.sent) one->where = operation::stage::idle;
  for (auto* one : left.aborted) one->where = operation::stage::idle;
  in_flight_.clear();
  operations_in_flight_ = 0;
  writes_ = slow_ = false;
  return left;
}

std::size_t turns_wanted(const waiting_line& line, std::size_t about_to, std::size_t held,
                         std::size_t held_max, bool back_soon) {
  const auto turns = [](std::size_t reads) { return (reads + turn_reads_max - 1) / turn_reads_max; };
  const auto for_what_holds =
      std::min(std::max({line.writes(), line.slow_writes(), turns(line.slow_reads())}),
               held_max - std::min(held_max, held));
  const auto for_reads = back_soon ? line.reads() / turn_reads_max : turns(line.reads());
  const auto wanted = std::max(for_reads, for_what_holds);
  return wanted - std::min(wanted, about_to);
}

}  // namespace atelier::db
