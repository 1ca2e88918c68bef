#include "bench/load/report_html.hpp"

#include "bench/load/embedded.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>

namespace atelier::bench {
namespace {

void fill(std::string& page, std::string_view mark, std::string_view content) {
  if (const auto at = page.find(mark); at != page.npos) page.replace(at, mark.size(), content);
}

// Inside <script>, where only the end tag and a comment's beginning mean something.
std::string for_script(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (const char c : json) {
    if (c == '<')
      out += "\\u003c";
    else
      out += c;
  }
  return out;
}

}  // namespace

std::string report_html(const std::string& run, const std::string& before) {
  std::string page(embedded("report.html").value_or(""));
  fill(page, "/*CHART STYLE*/", embedded("uPlot.min.css").value_or(""));
  fill(page, "/*STYLE*/", embedded("report.css").value_or(""));
  fill(page, "/*CHARTS*/", embedded("uPlot.iife.min.js").value_or(""));
  fill(page, "/*PAGE*/", embedded("report.js").value_or(""));
  fill(page, "\"RUNS\"", "[" + for_script(run) + (before.empty() ? "" : "," + for_script(before)) + "]");
  return page;
}

result<std::string> read_report(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  if (!file) return fail("'{}' cannot be read", name);
  std::ostringstream all;
  all << file.rdbuf();
  const auto document = nlohmann::ordered_json::parse(all.str(), nullptr, false);
  if (!document.is_object() || !document.contains("atelier_bench"))
    return fail("'{}' is no run that --json wrote", name);
  return document.dump();
}

int draw_report(const std::vector<std::string>& files, const std::string& html) {
  std::vector<std::string> runs;
  for (const auto& name : files) {
    auto read = read_report(name);
    if (!read) {
      fmt::print(stderr, "atelier-bench: {}\n", read.error().what);
      return static_cast<int>(read.error().code);
    }
    runs.push_back(std::move(*read));
  }
  std::ofstream file(html, std::ios::binary | std::ios::trunc);
  file << report_html(runs[0], runs.size() > 1 ? runs[1] : "");
  file.close();
  if (file) return 0;
  fmt::print(stderr, "atelier-bench: '{}' cannot be written\n", html);
  return 1;
}

}  // namespace atelier::bench
