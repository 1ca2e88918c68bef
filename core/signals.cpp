#include "core/signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

namespace atelier {

signal_inbox::signal_inbox(std::initializer_list<int> numbers) {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t ours;
  sigemptyset(&ours);
  for (const int number : numbers) sigaddset(&ours, number);
  pthread_sigmask(SIG_BLOCK, &ours, &before_);
  descriptor_ = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
}

signal_inbox::~signal_inbox() {
  while (take()) {
  }  // what came while we still listened must not end us now
  close(descriptor_);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<int> signal_inbox::take() {
  signalfd_siginfo one{};
  if (read(descriptor_, &one, sizeof one) != sizeof one) return std::nullopt;
  return static_cast<int>(one.ssi_signo);
}

signal_waiter::signal_waiter(asio::io_context& loop, std::initializer_list<int> numbers)
    : inbox_(numbers), readable_(loop, inbox_.descriptor()) {}

signal_waiter::~signal_waiter() { close(); }

task<std::optional<int>> signal_waiter::next() {
  while (readable_.is_open()) {
    if (const auto one = inbox_.take()) co_return one;
    co_await readable_.async_wait(asio::posix::descriptor_base::wait_read, no_throw);
  }
  co_return std::nullopt;
}

void signal_waiter::close() {
  if (readable_.is_open()) readable_.release();  // the inbox owns the descriptor
}

std::string_view signal_name(int number) {
  switch (number) {
    case SIGTERM:
      return "SIGTERM";
    case SIGINT:
      return "SIGINT";
    case SIGHUP:
      return "SIGHUP";
    default:
      return "signal";
  }
}

}  // namespace atelier
