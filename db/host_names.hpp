// The servers that a conninfo names, and their addresses. libpq looks names up blocking, which a serving loop
// must not do: we look them up first, and hand it the addresses beside the names.
#pragma once

#include "core/async.hpp"
#include "core/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace atelier::db {

/// Lists of one length, as libpq's parameters host, hostaddr and port take them, separated by commas (libpq
/// manual, 34.1.1.3).
struct servers {
  std::vector<std::string> hosts;
  std::vector<std::string> addresses;  // an empty one: the host is a socket's folder or an address already
  std::vector<std::string> ports;      // an empty one: the default
};

/// The servers of a conninfo, or of PGHOST where it names none; nothing if there is no name to look up:
/// sockets, addresses, hostaddr given, a service (whose file libpq reads itself).
std::optional<servers> servers_to_look_up(const std::string& conninfo);

/// All addresses of each name, in the order of the lists. Errors: a name that cannot be found.
task<result<servers>> look_up(servers named);

/// "a,b,c"
std::string comma_separated(const std::vector<std::string>& list);

}  // namespace atelier::db
