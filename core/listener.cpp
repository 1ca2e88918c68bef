#include "core/listener.hpp"

#include "core/log.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

namespace atelier {
namespace {

failure explain(const address& where, const error_code& error) {
  const auto name = to_string(where);
  if (error == asio::error::address_in_use)
    return fail("{} is in use: stop the program that listens there, or choose another address", name);
  if (error == asio::error::access_denied)
    return fail(
        "{} may not be used by this user: choose a port from 1024 on, or give the program "
        "CAP_NET_BIND_SERVICE",
        name);
  if (error.value() == EADDRNOTAVAIL)
    return fail(
        "{} is not an address of this machine: choose one that `ip address` lists, or 0.0.0.0 for all", name);
  return fail("cannot listen on {}: {}; choose another address", name, error.message());
}

}  // namespace

result<tcp_acceptor> listen_on(asio::io_context& loop, const address& where, const listen_options& options) {
  const auto endpoint = resolve(where);
  if (!endpoint) return endpoint.error();
  tcp_acceptor acceptor(loop);
  error_code error;
  acceptor.open(endpoint->protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && options.share_port) {
    using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
    acceptor.set_option(reuse_port(true), error);
  }
  if (!error) acceptor.set_option(asio::ip::tcp::no_delay(true), error);
  if (!error) acceptor.non_blocking(true, error);
  if (!error) acceptor.bind(*endpoint, error);
  if (!error) acceptor.listen(options.backlog, error);
  if (error) return explain(where, error);
  return acceptor;
}

result<tcp_acceptor> listen_on_path(asio::io_context& loop, const std::string& path) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  // Bound beside its place and then moved there: no moment without a socket when one takes over from another.
  const auto beside = fmt::format("{}.{}", path, getpid());
  if (beside.size() >= sizeof where.sun_path)
    return fail_with(exit_code::wrong_usage,
                     "the socket's path '{}' is longer than {} bytes: choose a shorter one", path,
                     sizeof where.sun_path - 8);
  beside.copy(where.sun_path, sizeof where.sun_path - 1);
  unlink(beside.c_str());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const auto former = umask(0177);
  const bool bound = bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0;
  umask(former);
  tcp_acceptor acceptor(loop);
  error_code error;
  if (!bound || listen(fd, 64) != 0 || rename(beside.c_str(), path.c_str()) != 0)
    error.assign(errno, boost::system::system_category());
  else
    acceptor.assign(asio::ip::tcp::v4(), fd, error);
  if (!error) return acceptor;
  if (bound) unlink(beside.c_str());
  if (!acceptor.is_open()) close(fd);
  return fail("cannot listen on the socket '{}': {}; choose another path", path, error.message());
}

std::string bound_address(const tcp_acceptor& acceptor) {
  error_code error;
  const auto endpoint = acceptor.local_endpoint(error);
  return to_string(address{endpoint.address().to_string(), endpoint.port()});
}

accept_loop::step accept_loop::accept_one() {
  const int fd = ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    switch (errno) {
      case EAGAIN:
        return step::wait;
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM:
        return step::pause;
      default:
        return step::again;  // the client left between its SYN and us: accept(2)
    }
  }
  tcp_socket socket(acceptor_.get_executor());
  error_code error;
  socket.assign(asio::ip::tcp::v4(), fd, error);  // nothing here asks a connected socket for its family
  if (error) {
    ::close(fd);
    return step::pause;
  }
  ++open_;
  ++accepted_;
  take_(std::move(socket));
  return step::again;
}

task<> accept_loop::run() {
  constexpr auto pause = std::chrono::milliseconds(100);
  while (acceptor_.is_open()) {
    if (open_ >= connections_max_) {
      room_.expires_at(clock::time_point::max());
      co_await room_.async_wait(no_throw);
      continue;
    }
    const auto next = accept_one();
    if (next == step::pause) {
      log::warning(
          "out of file descriptors or memory: accepting again in 100 ms; raise the limit of open files "
          "(ulimit -n)");
      room_.expires_after(pause);
      co_await room_.async_wait(no_throw);
    } else if (next == step::wait) {
      co_await acceptor_.async_wait(tcp_acceptor::wait_read, no_throw);
    }
  }
}

void accept_loop::stop() {
  error_code ignored;
  acceptor_.close(ignored);
  room_.cancel();
}

void accept_loop::connection_closed() {
  if (open_-- <= connections_max_) room_.cancel();
}

void accept_loop::set_connections_max(std::size_t most) {
  connections_max_ = most;
  room_.cancel();
}

}  // namespace atelier
