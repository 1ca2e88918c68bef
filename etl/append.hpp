// `atelier etl load --mode append`: adds to what is there while it serves.
#pragma once

#include "etl/append_batch.hpp"

namespace atelier::etl {

/// Reads all sets, parents before children, and adds their rows batch by batch. What was committed stays when
/// a later batch fails; running again skips it. `side` is the connection that holds the load's lock.
result<> append_files(run_state& run, const std::string& conninfo, db::session& side,
                      const load_record& record, conflict what);

}  // namespace atelier::etl
