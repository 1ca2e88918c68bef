// Waits until a socket has something to read, without the system call that Asio's own wait makes each time.
//
// Asio registers a socket with epoll once, edge-triggered, and still calls epoll_ctl for every async_wait, so
// that a socket with bytes in it completes at once. Who has read until there was no more needs no such call:
// what comes next is an edge, and one in between is remembered by the reactor. A proxied request waits twice.
#pragma once

#include "core/async.hpp"
#include "core/one_shot.hpp"

#include <boost/asio/detail/reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#include <boost/version.hpp>

#include <optional>

namespace atelier {

static_assert(BOOST_VERSION / 100 == 1081,
              "looks into the reactor of Asio 1.26: read start_op() and perform_io() of another one first");

/// One object a socket at most waits at a time. May complete although there is nothing to read, and does when
/// the socket is cancelled or closed. Must outlive its wait.
class readable_wait : private asio::detail::reactor_op {
  struct inside : tcp_socket {
    static auto& of(tcp_socket& socket) { return (socket.*(&inside::impl_)).get_implementation(); }
  };

 public:
  explicit readable_wait(asio::io_context& loop)
      : reactor_op({}, &perform, &complete), reactor_(asio::use_service<asio::detail::reactor>(loop)) {}

  /// co_await wait.on(socket); only after a read of it found nothing (EAGAIN), or before the first.
  /// A read that took less than it could is not enough: the other side's end may stand behind it, on the same
  /// edge.
  auto on(tcp_socket& socket) {
    done_.emplace();
    ec_ = {};
    auto& what = inside::of(socket);
    reactor_.start_op(asio::detail::reactor::read_op, what.socket_, what.reactor_data_, this, false, true);
    return done_->wait();
  }

  /// The same without a coroutine: calls f, from the loop. What it is called for may destroy this object.
  template <class F>
  void then(tcp_socket& socket, F f) {
    on(socket)(std::move(f));
  }

 private:
  // "Exhausted": there may be nothing, so the reactor does not complete the next wait before another edge.
  static status perform(reactor_op*) { return done_and_exhausted; }

  static void complete(void* owner, asio::detail::operation* base, const error_code&, std::size_t) {
    if (owner) static_cast<readable_wait*>(base)->done_->set();
  }

  asio::detail::reactor& reactor_;
  std::optional<one_shot> done_;
};

}  // namespace atelier
