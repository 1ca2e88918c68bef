// Addresses, before anything slow is done.
#pragma once

#include "core/address.hpp"
#include "core/result.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace atelier::stack {

/// The address that a listener will get: itself, with a free port in the place of 0.
/// Errors: in use, not ours, not permitted; the sentence names the option.
result<address> free_address(const address& wanted, std::string_view option);

/// Different free ports of 127.0.0.1 below those that the kernel gives to outgoing connections: a proxy that
/// knocks at the port of a dead worker could otherwise be given that very port, and the worker could not come
/// back. Errors: none left.
result<std::vector<std::uint16_t>> free_worker_ports(std::size_t count);

/// Where a client on this machine reaches a listener: 127.0.0.1 for one on every interface.
address reachable(const address& listener);

/// The status of GET target; nothing when there is no answer in time.
std::optional<int> status_of(const address& server, const std::string& target,
                             std::chrono::milliseconds at_most);

}  // namespace atelier::stack
