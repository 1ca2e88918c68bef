// What stands on the tables that a load replaces, and would fall with them.
#pragma once

#include "db/session.hpp"

namespace atelier::etl {

/// An error that names the views, foreign keys, triggers, policies, publications and functions that others
/// have built on the tables that serve: they belong to those tables, not to the next ones, and would be
/// dropped with them.
result<> nothing_is_built_on(db::session& session);

}  // namespace atelier::etl
