// How the private PostgreSQL is set, from the machine it runs on.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace atelier::stack {

using setting = std::pair<std::string, std::string>;

/// Settings of a server that shares a machine of that much memory with its workers. Durable: a commit that
/// was answered is on disk.
std::vector<setting> postgres_settings(unsigned long long memory_bytes, int workers);

/// The machine's memory, or the limit of our control group where that is less.
unsigned long long memory_bytes();

}  // namespace atelier::stack
