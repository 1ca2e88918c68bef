#include "core/address.hpp"

#include <boost/asio/ip/address_v6.hpp>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace atelier {
namespace {

using asio::ip::tcp;

constexpr std::string_view path_scheme = "unix:";
constexpr std::chrono::milliseconds full_line_pause{5};  // nothing says when a UNIX socket's line has room

error_code last_error() { return {errno, boost::system::system_category()}; }

}  // namespace

result<address> parse_address(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail_with(exit_code::wrong_usage,
                     "'{}' is not an address: {}; write HOST:PORT, for example 127.0.0.1:8080, or unix:PATH",
                     text, why);
  };
  if (text.starts_with(path_scheme)) {
    const auto path = text.substr(path_scheme.size());
    constexpr auto path_bytes_max = sizeof(sockaddr_un::sun_path) - 1;  // unix(7)
    if (path.empty()) return bad("the path is missing");
    const auto stands_as_it_is = [](char c) {
      return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != ',';
    };
    if (!std::all_of(path.begin(), path.end(), stands_as_it_is))
      return bad("a path is of visible ASCII without quotes, backslashes and commas");
    if (path.size() > path_bytes_max)
      return bad(fmt::format("the kernel takes paths of {} bytes at most", path_bytes_max));
    return address{{}, 0, std::string(path)};
  }
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad("the port is missing");
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad("an IPv6 address stands in brackets");
  }
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size())
    return bad("the port is not a number up to 65535");
  if (host.empty() || host == "*") host = "0.0.0.0";
  return address{std::string(host), port};
}

std::string to_string(const address& a) {
  if (a.is_path()) return fmt::format("{}{}", path_scheme, a.path);
  return a.host.find(':') == std::string::npos ? fmt::format("{}:{}", a.host, a.port)
                                               : fmt::format("[{}]:{}", a.host, a.port);
}

std::string host_of(const address& a) { return a.is_path() ? "localhost" : to_string(a); }

result<socket_address> resolve(const address& a) {
  if (a.is_path()) {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    a.path.copy(where.sun_path, sizeof where.sun_path - 1);
    return socket_address(&where, sizeof where);
  }
  const auto found = resolve_tcp(a);
  if (!found) return found.error();
  return socket_address(found->data(), found->size());
}

result<tcp::endpoint> resolve_tcp(const address& a) {
  if (a.is_path()) return fail("'{}' is a path: here it must be HOST:PORT", to_string(a));
  asio::io_context none;
  tcp::resolver names(none);
  error_code error;
  const auto found = names.resolve(a.host, std::to_string(a.port), tcp::resolver::numeric_service, error);
  if (error || found.empty())
    return fail("the name '{}' cannot be resolved: {}; check it, or write its address", a.host,
                error.message());
  return found.begin()->endpoint();
}

namespace {

// No error: it is connected; in_progress: wait until it can be written, then ask how_connected(); try_again:
// a UNIX socket's line is full; else it cannot be.
error_code begin_to_connect(tcp_socket& socket, const socket_address& to) {
  const int family = to.family();
  const int fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return last_error();
  error_code error;
  socket.assign(tcp::v4(), fd, error);  // nothing here asks a socket for the family that it was told
  if (error) {
    ::close(fd);
    return error;
  }
  if (family != AF_UNIX) socket.set_option(tcp::no_delay(true), error);
  if (!error && ::connect(fd, to.data(), to.size()) != 0)
    return errno == EINPROGRESS ? make_error_code(asio::error::in_progress) : last_error();
  return error;
}

error_code how_connected(tcp_socket& socket) {
  int problem = 0;
  socklen_t size = sizeof problem;
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_ERROR, &problem, &size) != 0) return last_error();
  return {problem, boost::system::system_category()};
}

}  // namespace

task<error_code> connect_to(tcp_socket& socket, const socket_address& to, const bool& over) {
  auto begun = begin_to_connect(socket, to);
  while (begun == asio::error::try_again && !over) {
    timer pause(socket.get_executor(), full_line_pause);
    co_await pause.async_wait(no_throw);
    error_code ignored;
    socket.close(ignored);
    if (!over) begun = begin_to_connect(socket, to);
  }
  if (begun != asio::error::in_progress) co_return begun;
  const auto [ended] = co_await socket.async_wait(tcp_socket::wait_write, no_throw);
  co_return ended ? ended : how_connected(socket);
}

std::string peer_of(tcp_socket& socket) {
  tcp::endpoint peer;
  auto size = static_cast<socklen_t>(peer.capacity());
  if (::getpeername(socket.native_handle(), peer.data(), &size) != 0) return "unknown";
  if (peer.data()->sa_family == AF_UNIX) return "unix";
  const auto host = peer.address();
  if (host.is_v6() && host.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, host.to_v6()).to_string();
  return host.to_string();
}

}  // namespace atelier
