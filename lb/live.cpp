#include "lb/live.hpp"

namespace atelier::lb {

task<> live::run() {
  timer pause(of_.shared().loop);
  for (auto next = clock::now();; next = std::max(next + 1s, clock::now())) {
    past_.note(now(of_));
    if (feed_.is_heard()) feed_.publish(http::format_event("", render_snapshot(of_, past_)));
    pause.expires_at(next + 1s);
    co_await pause.async_wait(no_throw);
  }
}

std::string live::greeting(const access_rule& rule) const {
  // A page that was cut off comes back after a second.
  return "retry: 1000\n\n" + http::format_event("about", render_about(rule)) +
         http::format_event("history", render_history(of_, past_)) +
         http::format_event("", render_snapshot(of_, past_));
}

}  // namespace atelier::lb
