// A connection that a worker has switched to another protocol: bytes go both ways until one side has nothing
// more.
#include "lb/exchange.hpp"
#include "lb/workspace.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace atelier::lb {
namespace {

// One way: what stands in `held`, then what `from` sends.
struct pump {
  int from;
  int to;
  buffer& held;
  unsigned can_read;
  unsigned can_write;
  std::uint64_t& sent_bytes;
  bool ended = false;   // nothing more comes
  bool closed = false;  // and `to` knows
  bool broken = false;

  // Moves what it can now. What to wait for; 0 when it is done.
  unsigned move() {
    while (!closed && !broken) {
      const auto n = held.empty() ? fetch() : deliver();
      if (n < 0 && (errno == EAGAIN || errno == EINTR)) return held.empty() ? can_read : can_write;
      broken = n < 0;
    }
    return 0;
  }

  ssize_t deliver() {
    const auto n = ::send(to, held.data(), held.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) {
      held.consume(static_cast<std::size_t>(n));
      sent_bytes += static_cast<std::uint64_t>(n);
    }
    return n;
  }

  ssize_t fetch() {
    if (ended) {
      closed = true;
      return ::shutdown(to, SHUT_WR);
    }
    const auto n = ::recv(from, held.space(), held.space_bytes(), MSG_DONTWAIT);
    if (n > 0) held.commit(static_cast<std::size_t>(n));
    ended = n == 0;
    return n;
  }
};

}  // namespace

task<> exchange::tunnel() {
  space_.in.consume(cursor_);
  pump up{
      client_.socket.native_handle(), upstream_->socket.native_handle(), space_.in, client_read, worker_write,
      worker_->counters.bytes_out};
  pump down{upstream_->socket.native_handle(),
            client_.socket.native_handle(),
            moving().from_worker,
            worker_read,
            client_write,
            shared_.count.bytes_out};
  for (;;) {
    const auto needs = up.move() | down.move();
    if (needs == 0 || up.broken || down.broken || expired_ || cut_) break;
    client_.guard.deadline = shared_.from_now(shared_.bounds.tunnel_timeout);
    co_await wait_for_any(needs);
  }
  co_await settle();
  now_is_fresh_ = false;
}

}  // namespace atelier::lb
