// Where PostgreSQL's own programs are, and who may run them.
#pragma once

#include "app/stack/child.hpp"
#include "core/result.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::stack {

/// The oldest major version that the schema and the client need.
inline constexpr int oldest_postgres = 15;

struct postgres_programs {
  std::filesystem::path folder;  // holds initdb and postgres
  int major = 0;
};

/// The newest of Debian's versioned folders below `versions` (15/bin, 16/bin …) that holds both programs and
/// is not too old; only `wanted`, where it is given.
std::optional<postgres_programs> newest_postgres(const std::filesystem::path& versions,
                                                 std::optional<int> wanted = {});

/// The major version in the answer of `postgres --version`: 15 of "postgres (PostgreSQL) 15.6
/// (Debian 15.6-0+deb12u1)".
std::optional<int> major_version(std::string_view answer);

/// The newest of Debian's folders, else what PATH finds; of the major version `made_by` where data of that
/// version exist already. Errors: none there; only older ones; not the wanted one.
result<postgres_programs> find_postgres(std::optional<int> made_by = {});

/// PostgreSQL refuses to run as root: the account that it gets then. `postgres` where there is one, else
/// `nobody`. Nothing when we are not root. Errors: root, and neither exists.
result<std::optional<account>> postgres_account();

}  // namespace atelier::stack
