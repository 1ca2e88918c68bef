// Where a server listens, as people write it: HOST:PORT, or unix:PATH on the same machine.
#pragma once

#include "core/async.hpp"
#include "core/result.hpp"

#include <sys/socket.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace atelier {

/// An address before it is resolved. IPv6 addresses stand in brackets: [::1]:8080.
struct address {
  std::string host;
  std::uint16_t port = 0;  // 0: the kernel chooses, for a listener only
  std::string path = {};   // of a UNIX socket; then there is neither host nor port

  bool is_path() const { return !path.empty(); }
  friend bool operator==(const address&, const address&) = default;
};

/// Reads HOST:PORT or unix:PATH. An empty host or `*` means every interface.
result<address> parse_address(std::string_view text);

std::string to_string(const address& a);

/// As a Host field names it (RFC 9110 section 7.2); a path has no such name and is localhost.
std::string host_of(const address& a);

/// What bind(2) and connect(2) take, of either kind.
class socket_address {
 public:
  socket_address() = default;
  socket_address(const void* bytes, std::size_t size) : size_(static_cast<socklen_t>(size)) {
    std::memcpy(&bytes_, bytes, size);
  }

  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&bytes_); }
  socklen_t size() const { return size_; }
  int family() const { return bytes_.ss_family; }

 private:
  sockaddr_storage bytes_{};
  socklen_t size_ = 0;
};

/// Resolves, blocking: for start-up, never inside a running loop.
result<socket_address> resolve(const address& a);

/// The same for what must be HOST:PORT.
result<boost::asio::ip::tcp::endpoint> resolve_tcp(const address& a);

/// Opens the socket and connects it; TCP without delay (Nagle's algorithm). No error: it is connected. A line
/// of a UNIX socket that is full is no error but waited for, as it is by TCP. Whoever waits no longer sets
/// `over`, and cancels or closes the socket.
task<error_code> connect_to(tcp_socket& socket, const socket_address& to, const bool& over);

/// Who is at the other end, without the port: an IPv4 client of a socket that listens on both is named as
/// IPv4; "unix" at the end of a UNIX socket, "unknown" when it is gone.
std::string peer_of(tcp_socket& socket);

}  // namespace atelier
