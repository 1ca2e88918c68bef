// The vocabulary of every coroutine here: one thread, concrete executors, no exceptions on the wire.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <chrono>

namespace atelier {

namespace asio = boost::asio;
using error_code = boost::system::error_code;

using executor = asio::io_context::executor_type;  // one thread: no strand, no type erasure
template <class T = void>
using task = asio::awaitable<T, executor>;

using tcp_socket = asio::basic_stream_socket<asio::ip::tcp, executor>;
using tcp_acceptor = asio::basic_socket_acceptor<asio::ip::tcp, executor>;
using clock = std::chrono::steady_clock;
using timer = asio::basic_waitable_timer<clock, asio::wait_traits<clock>, executor>;

inline constexpr auto no_throw = asio::as_tuple(asio::deferred);  // auto [error, n] = co_await op(no_throw);

}  // namespace atelier
