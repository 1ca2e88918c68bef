// `atelier etl load` and `atelier etl check`.
#pragma once

#include "core/result.hpp"
#include "etl/reading.hpp"

#include <optional>
#include <string>
#include <vector>

namespace atelier::etl {

struct load_options {
  std::vector<std::string> sources;
  std::string conninfo;  // empty: libpq's PG… variables
  bool replace = false;  // asked for; without it, only where there is no data yet
  bool partial = false;  // sets that are not among the sources are left empty
  std::string rejects;   // folder; empty: none are written
  reject_limit max_rejects{std::nullopt, 0.05};
  unsigned jobs = 2;   // parts that are loaded at the same time: reviews and questions are one each
  std::string report;  // file for the JSON; empty: none
};

/// Loads the sources into tables beside those that serve, then switches. On failure nothing has changed; the
/// report says how far it came.
result<load_report> load(const load_options& options);

/// The same reading and the same decisions without a database. Rows whose parents are in a set that is not
/// among the sources are taken as good.
result<load_report> check(const load_options& options);

}  // namespace atelier::etl
