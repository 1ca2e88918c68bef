#include "core/watchdog.hpp"

namespace atelier {

task<> watchdog::run() {
  while (!stopped_) {
    timer_.expires_after(period);
    co_await timer_.async_wait(no_throw);
    now_ = clock::now();
    for_each([this](watched& one) {
      if (one.deadline > now_) return;
      one.deadline = clock::time_point::max();
      one.expire();
    });
  }
}

void watchdog::stop() {
  stopped_ = true;
  timer_.cancel();
}

}  // namespace atelier
