// `atelier etl load` and `atelier etl check`.
#pragma once

#include "core/result.hpp"
#include "etl/append_batch.hpp"
#include "etl/reading.hpp"

#include <optional>
#include <string>
#include <vector>

namespace atelier::etl {

/// As many as this machine has processors; two at least, since one of them mostly waits for the database.
unsigned usual_jobs();

enum class load_mode { not_said, replace, append };

struct load_options {
  std::vector<std::string> sources;
  std::string conninfo;                   // empty: libpq's PG… variables
  load_mode mode = load_mode::not_said;   // then replace, but only where there is no data yet
  conflict on_conflict = conflict::skip;  // of append
  bool partial = false;                   // sets that are not among the sources are left empty
  std::string rejects;                    // folder; empty: none are written
  reject_limit max_rejects{std::nullopt, 0.05};
  unsigned jobs = usual_jobs();  // parts (reviews, questions) and index builds that run at the same time
  std::string report;            // file for the JSON; empty: none
};

/// Replace: loads the sources into tables beside those that serve, then switches; on failure nothing has
/// changed. Append: adds them batch by batch. The report says how far it came.
result<load_report> load(const load_options& options);

/// The same reading and the same decisions without a database. Rows whose parents are in a set that is not
/// among the sources are taken as good.
result<load_report> check(const load_options& options);

}  // namespace atelier::etl
