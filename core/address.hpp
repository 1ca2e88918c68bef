// HOST:PORT as people write it.
#pragma once

#include "core/result.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace atelier {

/// A TCP address before it is resolved. IPv6 addresses stand in brackets: [::1]:8080.
struct address {
  std::string host;
  std::uint16_t port = 0;  // 0: the kernel chooses, for a listener only

  friend bool operator==(const address&, const address&) = default;
};

/// Reads HOST:PORT. An empty host or `*` means every interface.
result<address> parse_address(std::string_view text);

std::string to_string(const address& a);

/// Resolves, blocking: for start-up, never inside a running loop.
result<boost::asio::ip::tcp::endpoint> resolve(const address& a);

}  // namespace atelier
