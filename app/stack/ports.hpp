// Addresses, before anything slow is done.
#pragma once

#include "core/address.hpp"
#include "core/result.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace atelier::stack {

/// The address that a listener will get: itself, with a free port in the place of 0.
/// Errors: in use, not ours, not permitted; the sentence names the option.
result<address> free_address(const address& wanted, std::string_view option);

/// Where a client on this machine reaches a listener: 127.0.0.1 for one on every interface.
address reachable(const address& listener);

/// The status of GET target; nothing when there is no answer in time.
std::optional<int> status_of(const address& server, const std::string& target,
                             std::chrono::milliseconds at_most);

}  // namespace atelier::stack
