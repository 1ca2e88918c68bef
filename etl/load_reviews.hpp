// Characteristics, reviews with their photos, what reviews say of characteristics, and the counters that
// `meta` reads.
#pragma once

#include "etl/photos.hpp"
#include "etl/reading.hpp"

namespace atelier::etl {

/// Reads the four sets and builds their three tables. Without a session nothing is built: the same reading
/// and the same decisions.
result<> load_reviews(run_state& run, part_target& to);

}  // namespace atelier::etl
