#include "bench/load/load_engine.hpp"

namespace atelier::bench {
namespace {

constexpr std::size_t turn_arrivals_max = 256;  // started before answers are looked at again

}  // namespace

void engine::start_due() {
  std::size_t turn = 0;
  while (due_ && *due_ <= now_ && turn++ < turn_arrivals_max) {
    const auto intended = *due_;
    next_arrival();
    result_.figures.started(intended);
    if (intended.count() >= 0) result_.figures.late(now_ - intended);
    if (waiting_.empty() && start_on_free(intended)) continue;
    if (waiting_.size() < what_.waiting_max)
      waiting_.push_back(intended);
    else
      ended({.kind = requests_.pick_kind(), .why = fault::not_started, .intended = intended, .ended = now_});
  }
}

bool engine::start_on_free(nanoseconds intended) {
  while (!free_.empty()) {
    const auto i = free_.front();
    auto& c = connections_[i];
    free_.pop_front();
    c.is_free = false;
    if (c.now != connection::stage::open || c.in_flight.is_full()) continue;
    start(i, intended);
    if (!c.in_flight.is_full()) offer(i);
    return true;
  }
  return false;
}

// A connection has room: for who waits, or it stands in line.
void engine::offer(std::size_t i) {
  auto& c = connections_[i];
  while (!waiting_.empty() && c.now == connection::stage::open && !c.in_flight.is_full()) {
    const auto intended = waiting_.front();
    waiting_.pop_front();
    start(i, intended);
  }
  if (c.is_free || c.now != connection::stage::open || c.in_flight.is_full()) return;
  c.is_free = true;
  free_.push_back(i);
}

// Closed loop: as many requests as the connection may have in flight, less those that it is yet to think of.
void engine::fill(std::size_t i) {
  auto& c = connections_[i];
  while (c.now == connection::stage::open && c.in_flight.size() + c.thinking < what_.pipeline &&
         now_ < end_) {
    result_.figures.started(now_);
    start(i, now_);
  }
}

void engine::wake_thinkers() {
  while (!thinkers_.empty() && thinkers_.top().first <= now_) {
    const auto i = thinkers_.top().second;
    thinkers_.pop();
    auto& c = connections_[i];
    --c.thinking;
    if (c.now == connection::stage::open && !c.in_flight.is_full() && now_ < end_) {
      result_.figures.started(now_);
      start(i, now_);
    }
  }
}

void engine::start(std::size_t i, nanoseconds intended) {
  auto& c = connections_[i];
  auto sent = requests_.append(requests_.pick_kind(), c.out);
  sent.intended = intended;
  sent.sent = now_;
  c.in_flight.push(sent);
  ++in_flight_;
  mark_dirty(i);
}

void engine::mark_dirty(std::size_t i) {
  if (connections_[i].is_dirty) return;
  connections_[i].is_dirty = true;
  dirty_.push_back(i);
}

void engine::flush_dirty() {
  for (std::size_t n = 0; n < dirty_.size(); ++n) {  // may grow while a lost connection is mended
    connections_[dirty_[n]].is_dirty = false;
    write_out(dirty_[n]);
  }
  dirty_.clear();
}

}  // namespace atelier::bench
