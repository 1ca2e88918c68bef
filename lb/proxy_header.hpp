// The PROXY protocol, versions 1 and 2: a balancer before us says who the client is
// (https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace atelier::lb {

struct proxy_header {
  enum class kind : std::uint8_t { complete, incomplete, refused };
  kind what = kind::incomplete;
  std::size_t size = 0;     // bytes of the header
  std::string client = {};  // its address; empty where the header names none (LOCAL, UNKNOWN, a UNIX socket)
};

inline constexpr std::size_t proxy_header_bytes_max = 536;  // what version 2 asks of a receiver at least

/// Reads the header at the start of a connection's bytes.
proxy_header read_proxy_header(std::string_view bytes);

}  // namespace atelier::lb
