// Questions, and answers with their photos.
#pragma once

#include "etl/photos.hpp"
#include "etl/reading.hpp"

namespace atelier::etl {

/// Reads the three sets and builds their two tables. Without a session nothing is built: the same reading and
/// the same decisions.
result<> load_questions(run_state& run, part_target& to);

}  // namespace atelier::etl
