#include "bench/load/report_json.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <utility>

namespace atelier::bench {
namespace {

using json = nlohmann::ordered_json;

double ms(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; }

json finite_or_null(double value) { return std::isfinite(value) ? json(value) : json(); }

json faults_json(const std::array<std::uint64_t, fault_count>& faults) {
  json all = json::object();
  for (std::size_t i = 1; i < fault_count; ++i) {
    if (faults[i] > 0) all[std::string(to_string(static_cast<fault>(i)))] = faults[i];
  }
  return all;
}

// Percentiles at the points that a logarithmic axis of "one request in N" shows evenly.
json curve_json(const histogram& h) {
  json all = json::array();
  for (double one_in = 1; one_in <= static_cast<double>(h.count()); one_in *= std::pow(10.0, 0.1))
    all.push_back({one_in, ms(h.at(1 - 1 / one_in))});
  return all;
}

constexpr std::pair<const char*, double> percentiles[] = {
    {"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}};

// Null where nothing was measured: a zero would be a time.
json latency_json(const histogram& h) {
  const auto measured = [&](double value) { return h.count() == 0 ? json() : json(value); };
  json all{{"min", measured(ms(h.least()))}, {"mean", measured(h.mean() / 1e6)}};
  for (const auto& [name, share] : percentiles) all[name] = measured(ms(h.at(share)));
  all["max"] = measured(ms(h.greatest()));
  return all;
}

// As thresholds count them; null where the percentile falls on a request that failed.
json with_failures_json(const tally& t) {
  json all = json::object();
  for (const auto& [name, share] : percentiles)
    all[name] = finite_or_null(percentile_with_failures(t, share) / 1e6);
  return all;
}

json tally_json(const tally& t, nanoseconds lasted) {
  json statuses = json::object();
  for (const auto& [status, count] : t.statuses) statuses[std::to_string(status)] = count;
  return {{"requests", t.answered() + t.failed()},
          {"answered", t.answered()},
          {"errors", t.failed()},
          {"rate", t.rate(lasted)},
          {"bytes", t.bytes},
          {"latency_ms", latency_json(t.latency)},
          {"latency_with_failures_ms", with_failures_json(t)},
          {"errors_by_kind", faults_json(t.faults)},
          {"statuses", statuses},
          {"curve", curve_json(t.latency)}};
}

json moments_json(const recorder& figures) {
  json all = json::array();
  for (const auto& m : figures.moments()) {
    const auto measured = [&](double value) { return m.has_answers() ? json(value) : json(); };
    all.push_back({{"at", m.at},
                   {"rate", m.rate},
                   {"offered", m.offered},
                   {"p50", measured(m.p50)},
                   {"p90", measured(m.p90)},
                   {"p99", measured(m.p99)},
                   {"p99.9", measured(m.p999)},
                   {"max", measured(m.greatest)},
                   {"in_flight", m.in_flight},
                   {"waiting", m.waiting},
                   {"errors_by_kind", faults_json(m.faults)}});
  }
  return all;
}

json processes_json(const process_watch& processes) {
  json all = json::array();
  for (const auto& s : processes.all()) {
    json moments = json::array();
    for (const auto& m : s.moments) moments.push_back({m.at, m.cpu, m.memory});
    all.push_back({{"name", s.who.name},
                   {"pid", s.who.pid},
                   {"cpu_seconds", s.last.cpu_seconds - s.first.cpu_seconds},
                   {"memory_mib", static_cast<double>(s.last.memory_bytes) / (1 << 20)},
                   {"gone_at", s.gone_at ? json(*s.gone_at) : json()},
                   {"moments", moments}});
  }
  return all;
}

}  // namespace

std::string report_json(const scenario& what, const run_result& r, const verdict& v,
                        const process_watch& processes, const std::string& url, const std::string& when,
                        std::uint64_t seed) {
  const double seconds = static_cast<double>(r.lasted.count()) / 1e9;
  json kinds = json::object();
  for (std::size_t i = 0; i < what.requests.size(); ++i)
    kinds[what.requests[i].name] = tally_json(r.figures.kinds()[i], r.lasted);
  json thresholds = json::array();
  for (const auto& t : v.thresholds) {
    const bool is_time = t.what.is_time();
    thresholds.push_back({{"threshold", t.what.text},
                          {"value", finite_or_null(is_time ? t.value / 1e6 : t.value)},
                          {"unit", is_time                                  ? "ms"
                                   : t.what.what == threshold::figure::rate ? "/s"
                                                                            : "share"},
                          {"held", t.held}});
  }
  const json all{
      {"atelier_bench", 1},
      {"scenario", what.name},
      {"about", what.about},
      {"url", url},
      {"when", when},
      {"seed", seed},
      {"loop", what.is_open ? "open" : "closed"},
      {"connections", what.connections},
      {"pipeline", what.pipeline},
      {"seconds", seconds},
      {"connections_opened", r.connections_opened},
      {"whole", tally_json(r.figures.whole(), r.lasted)},
      {"kinds", kinds},
      {"moments", moments_json(r.figures)},
      {"processes", processes_json(processes)},
      {"thresholds", thresholds},
      {"generator",
       {{"cpu_share", static_cast<double>(r.own_cpu.count()) / static_cast<double>(r.lasted.count())},
        {"waited_share", static_cast<double>(r.waited.count()) / static_cast<double>(r.lasted.count())},
        {"late_ms", latency_json(r.figures.lateness())},
        {"histogram_error_share", 0.002},
        {"doubts", v.doubts}}},
      {"examples", r.examples}};
  // A server's bytes may stand in the examples; whatever they are, the figures are written.
  return all.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace atelier::bench
