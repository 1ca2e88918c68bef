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
  if (error == asio::error::access_denied && where.is_path())
    return fail("{} may not be made by this user: choose a folder that it may write to", name);
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

namespace {

sockaddr_un name_of(const std::string& path) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  path.copy(where.sun_path, sizeof where.sun_path - 1);
  return where;
}

// Binds and listens; who may connect is what `closed_to` leaves, as umask(2) takes it.
error_code listen_at(tcp_acceptor& acceptor, const std::string& path, int backlog, mode_t closed_to) {
  const auto where = name_of(path);
  unlink(path.c_str());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const auto former = umask(closed_to);
  const bool bound = bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0;
  umask(former);
  error_code error;
  if (!bound || listen(fd, backlog) != 0)
    error.assign(errno, boost::system::system_category());
  else
    acceptor.assign(asio::ip::tcp::v4(), fd, error);
  if (!error) return error;
  if (bound) unlink(path.c_str());
  if (!acceptor.is_open()) close(fd);
  return error;
}

bool somebody_listens_at(const std::string& path) {
  const auto where = name_of(path);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const bool answers = connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0;
  const bool is_full = !answers && errno == EAGAIN;
  close(fd);
  return answers || is_full;
}

}  // namespace

result<tcp_acceptor> listen_on(asio::io_context& loop, const address& where, const listen_options& options) {
  tcp_acceptor acceptor(loop);
  error_code error;
  if (where.is_path()) {
    constexpr mode_t closed_to_others = 0117;
    if (somebody_listens_at(where.path))
      error = asio::error::address_in_use;
    else
      error = listen_at(acceptor, where.path, options.backlog, closed_to_others);
    if (error) return explain(where, error);
    return acceptor;
  }
  const auto endpoint = resolve_tcp(where);
  if (!endpoint) return endpoint.error();
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
  // Bound beside its place and then moved there: no moment without a socket when one takes over from another.
  const auto beside = fmt::format("{}.{}", path, getpid());
  if (beside.size() >= sizeof sockaddr_un::sun_path)
    return fail_with(exit_code::wrong_usage,
                     "the socket's path '{}' is longer than {} bytes: choose a shorter one", path,
                     sizeof sockaddr_un::sun_path - 8);
  constexpr int few = 64;
  constexpr mode_t closed_to_all_but_us = 0177;
  tcp_acceptor acceptor(loop);
  auto error = listen_at(acceptor, beside, few, closed_to_all_but_us);
  if (!error && rename(beside.c_str(), path.c_str()) != 0) {
    error.assign(errno, boost::system::system_category());
    unlink(beside.c_str());
  }
  if (!error) return acceptor;
  return fail("cannot listen on the socket '{}': {}; choose another path", path, error.message());
}

void remove_file_of(const address& where) {
  if (where.is_path()) unlink(where.path.c_str());
}

std::string bound_address(const tcp_acceptor& acceptor) {
  tcp_acceptor& listener = const_cast<tcp_acceptor&>(acceptor);  // Asio has no constant handle
  sockaddr_un path{};
  socklen_t size = sizeof path;
  if (getsockname(listener.native_handle(), reinterpret_cast<sockaddr*>(&path), &size) == 0 &&
      path.sun_family == AF_UNIX)
    return to_string(address{{}, 0, path.sun_path});
  error_code error;
  const auto endpoint = acceptor.local_endpoint(error);
  return to_string(address{endpoint.address().to_string(), endpoint.port()});
}

bool is_bound_to(const tcp_acceptor& acceptor, const address& where) {
  const auto bound = parse_address(bound_address(acceptor));
  if (!bound || bound->is_path() || where.is_path()) return bound && *bound == where;
  const auto wanted = resolve_tcp(where);
  return wanted && wanted->address().to_string() == bound->host &&
         (wanted->port() == 0 || wanted->port() == bound->port);
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
