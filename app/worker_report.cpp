#include "app/worker_report.hpp"

#include <fmt/format.h>

namespace atelier::app {
namespace {

constexpr auto look_early = std::chrono::milliseconds(20);  // somebody waits for us to be ready
constexpr auto look_later = std::chrono::seconds(1);

}  // namespace

std::string worker_report::state() const {
  const auto connected = database_.connected();
  if (connected == 0)
    return fmt::format("listening on {}; no connection to PostgreSQL: requests get 503", listening_on_);
  return fmt::format("serving on {}; {} of {} connections to PostgreSQL", listening_on_, connected,
                     connections_);
}

task<> worker_report::run() {
  const auto end_of_waiting = clock::now() + wait_max;
  bool ready = false;
  while (to_.listens() && !stopped_) {
    to_.status(state());
    if (!ready && (database_.is_connected() || clock::now() >= end_of_waiting)) {
      to_.ready();
      ready = true;
    }
    pause_.expires_after(ready ? clock::duration(look_later) : clock::duration(look_early));
    co_await pause_.async_wait(no_throw);
  }
}

void worker_report::stop(std::chrono::milliseconds at_most) {
  stopped_ = true;
  pause_.cancel();
  to_.status("stopping: requests under way are finished");
  to_.stopping(at_most);
}

}  // namespace atelier::app
