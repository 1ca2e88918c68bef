// The answer that goes on: a connection that listens to a feed.
#include "core/http/connection.hpp"
#include "core/http/event_feed.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace atelier::http {

// The reactor may wake us for bytes that were read before we began to wait.
bool connection::is_silent() {
  char byte;
  const auto n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EINTR);
}

// Events until the client leaves or takes none for too long, the feed ends or the server drains. A client
// that says anything more is cut: nobody would read it.
task<> connection::send_events(event_feed& feed) {
  struct hearer final : event_feed::listener {
    explicit hearer(connection& c) : whose(c) {}
    void wake() noexcept override {
      error_code ignored;
      if (whose.stage_ == stage::listening) whose.socket_.cancel(ignored);  // one that writes looks by itself
    }
    connection& whose;
  };
  if (!feed.has_room()) co_return;
  hearer mine(*this);
  feed.add(mine);
  deadline = clock::time_point::max();
  for (stage_ = stage::listening; !feed.has_ended() && !expired_ && socket_.is_open();) {
    if (const auto event = std::exchange(mine.newest, nullptr)) {
      if (!space_) space_ = owner_.workspaces_.take();
      space_->out.text += *event;
      bool taken = send_now();
      if (!taken) taken = co_await flush();
      if (!taken) co_return;
      continue;
    }
    if (owner_.draining_) co_return;
    owner_.workspaces_.give_back(std::move(space_));
    const auto [error] = co_await socket_.async_wait(tcp_socket::wait_read, no_throw);
    if (!error && !is_silent()) co_return;
  }
}

}  // namespace atelier::http
