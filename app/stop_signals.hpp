// SIGINT and SIGTERM as something to wait for.
#pragma once

#include "core/async.hpp"

#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <string_view>

namespace atelier::app {

class stop_signals {
 public:
  explicit stop_signals(asio::io_context& loop) : set_(loop, SIGINT, SIGTERM) {
    std::signal(SIGPIPE, SIG_IGN);
  }

  /// Returns the name of the signal that came.
  task<std::string_view> wait() {
    const auto [error, number] = co_await set_.async_wait(no_throw);
    co_return number == SIGINT ? "SIGINT" : "SIGTERM";
  }

 private:
  asio::basic_signal_set<executor> set_;
};

}  // namespace atelier::app
