// From an empty folder to a database that has its tables and its data.
#pragma once

#include "app/stack/premises.hpp"

#include <string>
#include <vector>

namespace atelier::stack {

inline constexpr std::string_view database_name = "atelier";

/// This program in another role, with nothing of ATELIER_… from our environment. What it writes to stdout
/// goes to our stderr.
launch ourselves(std::vector<std::string> arguments);

/// Makes the cluster where there is none.
result<> make_if_absent(const premises& p, stop_signal& stop);

/// The server runs: applies the schema, and makes or loads the data where the plan says so, into a database
/// made anew. Returns the target of a request that has something to show. Errors: of the schema, of the
/// children, asked to stop.
result<std::string> fill_database(const premises& p, stop_signal& stop);

}  // namespace atelier::stack
