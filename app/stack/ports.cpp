#include "app/stack/ports.hpp"

#include "app/stack/descriptor.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace atelier::stack {
namespace {

using boost::asio::ip::tcp;

descriptor bound(const tcp::endpoint& where) {
  descriptor one(socket(where.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  setsockopt(one.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(one.number(), where.data(), static_cast<socklen_t>(where.size())) != 0) return {};
  return one;
}

std::uint16_t port_of(const descriptor& socket) {
  tcp::endpoint where;
  auto size = static_cast<socklen_t>(where.capacity());
  getsockname(socket.number(), where.data(), &size);
  return where.port();
}

}  // namespace

result<address> free_address(const address& wanted, std::string_view option) {
  const auto where = resolve_tcp(wanted);
  if (!where) return fail("{}: {}", option, where.error().what);
  const auto socket = bound(*where);
  if (!socket && errno == EADDRINUSE)
    return fail("the address {} is in use: stop what listens there, or choose another one with {}",
                to_string(wanted), option);
  if (!socket)
    return fail("the address {} cannot be listened on: {}; choose another one with {}", to_string(wanted),
                std::strerror(errno), option);
  return address{wanted.host, port_of(socket)};
}

address reachable(const address& listener) {
  if (listener.host == "0.0.0.0") return {"127.0.0.1", listener.port};
  if (listener.host == "::") return {"::1", listener.port};
  return listener;
}

std::optional<int> status_of(const address& server, const std::string& target,
                             std::chrono::milliseconds at_most) {
  const auto where = resolve(server);
  if (!where) return std::nullopt;
  const descriptor one(socket(where->family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{at_most.count() / 1000, at_most.count() % 1000 * 1000};
  setsockopt(one.number(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(one.number(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (connect(one.number(), where->data(), where->size()) != 0) return std::nullopt;
  const auto request =
      fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", target, host_of(server));
  if (send(one.number(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size()))
    return std::nullopt;
  std::array<char, 12> start{};  // "HTTP/1.1 200"
  if (recv(one.number(), start.data(), start.size(), MSG_WAITALL) != static_cast<ssize_t>(start.size()))
    return std::nullopt;
  int status = 0;
  if (std::from_chars(start.data() + 9, start.data() + 12, status).ec != std::errc{}) return std::nullopt;
  return status;
}

}  // namespace atelier::stack
