// One at a time, in the order in which they came.
#pragma once

#include "core/async.hpp"
#include "core/one_shot.hpp"

#include <deque>
#include <utility>

namespace atelier {

/// For coroutines of one thread. Who waits must not be destroyed before it was let in.
class turnstile {
 public:
  task<> enter() {
    if (!std::exchange(is_taken_, true)) co_return;
    one_shot let_in;
    waiting_.push_back(&let_in);
    co_await let_in.wait();
  }

  /// Lets the next one in, on the caller's stack.
  void leave() {
    if (waiting_.empty()) {
      is_taken_ = false;
      return;
    }
    auto* const next = waiting_.front();
    waiting_.pop_front();
    next->set();
  }

 private:
  bool is_taken_ = false;
  std::deque<one_shot*> waiting_;
};

}  // namespace atelier
