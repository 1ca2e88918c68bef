// What every client library of Prometheus says of its process, under the same names.
#pragma once

#include "core/metrics.hpp"

#include <string>

namespace atelier {

/// atelier_build_info{version,role} and process_…: memory, CPU time, open files and their limit, start.
/// Read from /proc for each scrape; what cannot be read is left out.
void add_process(metrics_page& page, const std::string& role);

}  // namespace atelier
