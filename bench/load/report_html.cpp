#include "bench/load/report_html.hpp"

#include "bench/load/embedded.hpp"
#include "bench/load/output.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace atelier::bench {
namespace {

using json = nlohmann::ordered_json;

// Whether it has what the page's script takes for granted.
bool is_run(const json& document) {
  const auto all = [&](std::initializer_list<const char*> names, json::value_t type) {
    return std::all_of(names.begin(), names.end(),
                       [&](auto* name) { return document.contains(name) && document[name].type() == type; });
  };
  return document.is_object() && document.contains("atelier_bench") &&
         all({"whole", "kinds", "generator"}, json::value_t::object) &&
         all({"moments", "processes", "thresholds", "examples"}, json::value_t::array) &&
         all({"scenario", "when", "url"}, json::value_t::string);
}

void fill(std::string& page, std::string_view mark, std::string_view content) {
  if (const auto at = page.find(mark); at != page.npos) page.replace(at, mark.size(), content);
}

// Inside <script>, where only the end tag and a comment's beginning mean something.
std::string for_script(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
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
  if (!file) return fail("'{}' cannot be read; name a file that --json wrote", name);
  std::ostringstream all;
  all << file.rdbuf();
  const auto document = json::parse(all.str(), nullptr, false);
  if (!is_run(document)) return fail("'{}' is no run; name a file that --json wrote", name);
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
  const auto written = write_output(html, report_html(runs[0], runs.size() > 1 ? runs[1] : ""));
  if (written) return 0;
  fmt::print(stderr, "atelier-bench: {}\n", written.error().what);
  return 1;
}

}  // namespace atelier::bench
