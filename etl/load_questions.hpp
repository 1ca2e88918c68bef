// Questions, and answers with their photos.
#pragma once

#include "etl/next_tables.hpp"
#include "etl/reading.hpp"

namespace atelier::etl {

/// Reads the three sets and builds their two tables. Without a session nothing is built: the same reading and
/// the same decisions.
result<> load_questions(run_state& run, db::session* session, largest_ids& largest);

}  // namespace atelier::etl
