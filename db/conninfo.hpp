// What a conninfo says, as libpq reads it.
#pragma once

#include "core/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace atelier::db {

/// What it says of a keyword; nothing where it is a bare database name or cannot be read.
std::optional<std::string> said_in(const std::string& conninfo, std::string_view keyword);

/// True if it carries a password itself, which other users of the machine can read in the process list.
bool holds_password(const std::string& conninfo);

/// Errors: it cannot be read. The sentence is libpq's, without what it quotes where that may be of a
/// password.
result<> check_conninfo(const std::string& conninfo);

}  // namespace atelier::db
