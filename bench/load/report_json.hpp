// A run as JSON, for machines and for the page with charts.
#pragma once

#include "bench/load/process_watch.hpp"
#include "bench/load/verdict.hpp"

#include <string>

namespace atelier::bench {

/// Everything that a report shows. `when` is the beginning, UTC, ISO 8601.
std::string report_json(const scenario& what, const run_result& r, const verdict& v,
                        const process_watch& processes, const std::string& url, const std::string& when,
                        std::uint64_t seed);

}  // namespace atelier::bench
