// A run as one page with charts that needs nothing but a browser.
#pragma once

#include "core/result.hpp"

#include <string>
#include <vector>

namespace atelier::bench {

/// The page of a run as report_json() gives it; `before`, another one, is laid over it; empty: none.
std::string report_html(const std::string& run, const std::string& before);

/// A file that --json wrote. Errors: unreadable, not such a file.
result<std::string> read_report(const std::string& file);

/// `report`: one or two of them to a page. Returns the exit code.
int draw_report(const std::vector<std::string>& files, const std::string& html);

}  // namespace atelier::bench
