#include "bench/load/report_text.hpp"

#include <cmath>
#include <numeric>
#include <utility>

namespace atelier::bench {
namespace {

constexpr std::pair<const char*, double> shown_percentiles[] = {
    {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};

// Three digits that matter: 0.412 ms, 12.3 ms, 1.20 s.
std::string time_text(double nanoseconds) {
  if (nanoseconds >= 1e9) return fmt::format("{:.2f} s", nanoseconds / 1e9);
  const double ms = nanoseconds / 1e6;
  return ms >= 100  ? fmt::format("{:.0f} ms", ms)
         : ms >= 10 ? fmt::format("{:.1f} ms", ms)
                    : fmt::format("{:.3f} ms", ms);
}

// A time of answers; where there were none, none was measured.
std::string latency_text(const histogram& h, std::uint64_t nanoseconds) {
  return h.count() == 0 ? "–" : time_text(static_cast<double>(nanoseconds));
}

void add_row(std::string& out, std::string_view name, const tally& t, nanoseconds lasted) {
  const auto& l = t.latency;
  fmt::format_to(std::back_inserter(out),
                 "{:<22.22} {:>10} {:>9.1f} {:>7} {:>10} {:>10} {:>10} {:>10} {:>10}\n", name,
                 t.answered() + t.failed(), t.rate(lasted), t.failed(), latency_text(l, l.at(0.5)),
                 latency_text(l, l.at(0.9)), latency_text(l, l.at(0.99)), latency_text(l, l.at(0.999)),
                 latency_text(l, l.greatest()));
}

// Where requests failed, the table's percentiles are not those that thresholds are held against.
std::string failures_text(const tally& t) {
  if (t.failed() == 0 || t.answered() == 0) return {};
  std::string out = fmt::format(
      "latencies are of the {} answered; {} failed, which thresholds count as slower than any answer:",
      t.answered(), t.failed());
  const char* comma = "";
  for (const auto& [name, share] : shown_percentiles) {
    const double value = percentile_with_failures(t, share);
    out += fmt::format("{} {} {}", comma, name, std::isfinite(value) ? time_text(value) : "is a failure");
    comma = ",";
  }
  return out + '\n';
}

std::string value_text(const judged_threshold& t) {
  if (!std::isfinite(t.value)) return "not so many were answered";
  switch (t.what.what) {
    case threshold::figure::rate:
      return fmt::format("was {:.1f} /s", t.value);
    case threshold::figure::error_share:
      return fmt::format("was {:.3f} %", t.value * 100);
    default:
      return "was " + time_text(t.value);
  }
}

}  // namespace

std::string report_text(const scenario& what, const run_result& r, const verdict& v,
                        const process_watch& processes) {
  const double seconds = static_cast<double>(r.lasted.count()) / 1e9;
  std::string out = fmt::format("{:<22} {:>10} {:>9} {:>7} {:>10} {:>10} {:>10} {:>10} {:>10}\n", what.name,
                                "requests", "answers/s", "errors", "p50", "p90", "p99", "p99.9", "max");
  if (what.requests.size() > 1) {
    for (std::size_t i = 0; i < what.requests.size(); ++i)
      add_row(out, what.requests[i].name, r.figures.kinds()[i], r.lasted);
  }
  add_row(out, "all", r.figures.whole(), r.lasted);
  out += failures_text(r.figures.whole());
  const auto& faults = r.figures.whole().faults;
  for (std::size_t i = 1; i < fault_count; ++i) {
    if (faults[i] > 0) out += fmt::format("errors: {} × {}\n", faults[i], to_string(static_cast<fault>(i)));
  }
  for (const auto& e : r.examples) out += fmt::format("  for example {}\n", e);
  for (const auto& s : processes.all()) {
    const auto requests = static_cast<double>(std::max<std::uint64_t>(1, r.figures.whole().answered()));
    const double cpu = s.last.cpu_seconds - s.first.cpu_seconds;
    out += fmt::format("{}: {:.2f} s CPU, {:.1f} µs a request, {:.1f} MiB resident\n", s.who.name, cpu,
                       cpu * 1e6 / requests, static_cast<double>(s.last.memory_bytes) / (1 << 20));
  }
  out += fmt::format("{} connections, {:.1f} s, generator {:.0f} % of a core\n", what.connections, seconds,
                     100.0 * static_cast<double>(r.own_cpu.count()) / static_cast<double>(r.lasted.count()));
  for (const auto& t : v.thresholds)
    out += fmt::format("{}  {} ({})\n", t.held ? "held  " : "MISSED", t.what.text, value_text(t));
  for (const auto& d : v.doubts) out += fmt::format("doubt: {}\n", d);
  return out;
}

std::string progress_line(const moment& m, double of_seconds) {
  const auto errors = std::accumulate(m.faults.begin(), m.faults.end(), std::uint64_t{0});
  return fmt::format(
      "{:>4.0f}/{:.0f} s  {:>9.0f}/s  p50 {:>9}  p99 {:>9}  errors {:<6} in flight {:<6} waiting {}", m.at,
      of_seconds, m.rate, m.has_answers() ? time_text(m.p50 * 1e6) : "–",
      m.has_answers() ? time_text(m.p99 * 1e6) : "–", errors, m.in_flight, m.waiting);
}

}  // namespace atelier::bench
