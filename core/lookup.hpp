// Names looked up while a loop runs.
#pragma once

#include "core/address.hpp"

#include <vector>

namespace atelier {

/// Every address of a host in the order in which they are to be tried, or the one of a path. getaddrinfo(3)
/// waits for name servers and cannot be interrupted: a thread asks, and is left behind when the process ends
/// before it has an answer. Errors: a name that does not resolve.
task<result<std::vector<socket_address>>> look_up(asio::io_context& loop, address where);

/// As a log names it.
std::string to_string(const socket_address& a);

}  // namespace atelier
