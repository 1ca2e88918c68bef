// A run as people read it on a terminal.
#pragma once

#include "bench/load/process_watch.hpp"
#include "bench/load/verdict.hpp"

#include <string>

namespace atelier::bench {

/// A table of all kinds of requests, then errors, processes, thresholds and doubts.
std::string report_text(const scenario& what, const run_result& r, const verdict& v,
                        const process_watch& processes);

/// The line that is rewritten each second while a run goes on.
std::string progress_line(const moment& m, double of_seconds);

}  // namespace atelier::bench
