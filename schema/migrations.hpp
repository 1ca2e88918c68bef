// The numbered migrations, embedded in the program, and how they get into a database.
#pragma once

#include "core/result.hpp"
#include "db/session.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::schema {

/// One file of schema/migrations: 0001_reviews.sql is version 1, named "reviews".
struct migration {
  int version;
  std::string_view name;
  std::string_view sql;
};

/// All of them, ascending, numbered from 1 without a gap.
std::span<const migration> all_migrations();

/// The PostgreSQL schema that holds every table of ours.
inline constexpr std::string_view schema_name = "atelier";

struct migration_status {
  int version;
  std::string name;
  std::string applied_at;  // ISO 8601 UTC; empty: not applied yet
};

/// Applies what is missing, each in a transaction of its own, under an advisory lock: two that start together
/// are one after the other. Returns the versions applied now. Errors: not connected; a database newer than
/// this program; a migration whose text is not the one that was applied; what PostgreSQL says.
result<std::vector<int>> apply(db::session& database);

/// All migrations and when each was applied; changes nothing.
result<std::vector<migration_status>> status(db::session& database);

}  // namespace atelier::schema
