// Signals as something to wait for, in a loop or with poll().
#pragma once

#include "core/async.hpp"

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <csignal>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace atelier {

/// As long as it lives, these signals (and SIGPIPE) end nothing by themselves in this process: they wait here
/// to be taken. One object a process, made before any thread.
class signal_inbox {
 public:
  explicit signal_inbox(std::initializer_list<int> numbers);
  ~signal_inbox();
  signal_inbox(const signal_inbox&) = delete;
  signal_inbox& operator=(const signal_inbox&) = delete;

  /// Readable when there is one to take: for poll().
  int descriptor() const { return descriptor_; }

  /// The next one, if there is any.
  std::optional<int> take();

 private:
  sigset_t before_{};
  int descriptor_ = -1;
};

/// The same for a loop.
class signal_waiter {
 public:
  signal_waiter(asio::io_context& loop, std::initializer_list<int> numbers);
  ~signal_waiter();

  /// The next one; nothing after close(). One coroutine at a time.
  task<std::optional<int>> next();
  void close();

 private:
  signal_inbox inbox_;
  asio::posix::basic_stream_descriptor<executor> readable_;
};

/// "SIGTERM"; what is not known here is "signal".
std::string_view signal_name(int number);

}  // namespace atelier
