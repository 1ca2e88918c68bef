#include "bench/load/wanted_scenario.hpp"

#include "bench/load/embedded.hpp"

#include <fmt/ranges.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace atelier::bench {
namespace {

result<std::string> scenario_text(const std::string& name) {
  if (const auto ready = embedded(name + ".json")) return std::string(*ready);
  std::ifstream file(name, std::ios::binary);
  if (!file)
    return fail_with(exit_code::wrong_usage,
                     "'{}' is neither a file that can be read nor a ready scenario ({})", name,
                     fmt::join(ready_scenarios(), ", "));
  std::ostringstream all;
  all << file.rdbuf();
  return all.str();
}

result<std::map<std::string, double>> changes_of(const std::vector<std::string>& words) {
  std::map<std::string, double> all;
  for (const auto& word : words) {
    const auto sign = word.find('=');
    char* end = nullptr;
    const double value = sign == word.npos ? 0 : std::strtod(word.c_str() + sign + 1, &end);
    if (sign == word.npos || end == word.c_str() + sign + 1 || *end != 0)
      return fail_with(exit_code::wrong_usage, "--set '{}': write NAME=NUMBER", word);
    all[word.substr(0, sign)] = value;
  }
  return all;
}

result<scenario> named_or_single(const run_words& w) {
  if (!w.get.empty()) {
    if (!w.scenario.empty() || !w.changes.empty())
      return fail_with(exit_code::wrong_usage,
                       "--get asks for one target: neither a scenario nor --set goes with it");
    if (!w.get.starts_with('/'))
      return fail_with(exit_code::wrong_usage, "--get '{}': a target begins with /", w.get);
    scenario s;
    s.name = "get";
    s.requests.push_back(
        {.name = w.get, .target = {{{w.get, -1}}}, .headers = {}, .body = {}, .expects = {}});
    return s;
  }
  if (w.scenario.empty())
    return fail_with(exit_code::wrong_usage,
                     "name a scenario (atelier-bench list), a file, or a target with --get");
  const auto text = scenario_text(w.scenario);
  if (!text) return text.error();
  const auto changes = changes_of(w.changes);
  if (!changes) return changes.error();
  return parse_scenario(*text, *changes);
}

result<> change_times(const run_words& w, scenario& s) {
  const std::pair<const std::string*, nanoseconds*> times[] = {
      {&w.warm_up, &s.warm_up}, {&w.think, &s.think}, {&w.timeout, &s.timeout}};
  for (const auto& [word, time] : times) {
    if (word->empty()) continue;
    const auto read = parse_duration(*word);
    if (!read) return read.error();
    *time = *read;
  }
  return {};
}

result<> change_stages(const run_words& w, scenario& s) {
  if (s.stages.empty()) s.stages.push_back({.lasts = std::chrono::seconds(10), .from = 100, .to = 100});
  if (!w.lasts.empty()) {
    const auto lasts = parse_duration(w.lasts);
    if (!lasts) return lasts.error();
    if (lasts->count() <= 0)
      return fail_with(exit_code::wrong_usage, "--for {}: no time at all; write 10s", w.lasts);
    // One stage as long as that; several keep their shares of it.
    const double scale =
        static_cast<double>(lasts->count()) / static_cast<double>(length_of(s.stages).count());
    for (auto& st : s.stages)
      st.lasts = nanoseconds(static_cast<nanoseconds::rep>(static_cast<double>(st.lasts.count()) * scale));
  }
  if (w.rate != 0) s.stages = {{length_of(s.stages), w.rate, w.rate}};
  if (!w.ramp.empty()) s.stages = {{length_of(s.stages), w.ramp[0], w.ramp[1]}};
  return s.is_open ? check_rates(s.stages) : result<>();
}

result<> add_thresholds(const run_words& w, scenario& s) {
  for (const auto& text : w.thresholds) {
    auto t = parse_threshold(text);
    if (!t) return t.error();
    if (auto meant = check_request(*t, s); !meant) return meant.error();
    s.thresholds.push_back(std::move(*t));
  }
  return {};
}

}  // namespace

nanoseconds longest_run(const scenario& s) { return s.warm_up + length_of(s.stages) + s.timeout; }

result<scenario> wanted_scenario(const run_words& w) {
  auto s = named_or_single(w);
  if (!s) return s;
  if (w.closed) s->is_open = false;
  if (w.rate != 0 || !w.ramp.empty()) s->is_open = true;
  if (!w.think.empty() && s->is_open)
    return fail_with(
        exit_code::wrong_usage,
        "--think is a closed loop's pause, and this loop is open: say --closed, or leave it out");
  if (w.poisson) s->pacing = arrivals::pacing::poisson;
  if (w.connections > 0) s->connections = w.connections;
  if (w.pipeline > 0) s->pipeline = w.pipeline;
  if (const auto changed = change_times(w, *s); !changed) return changed.error();
  if (const auto changed = change_stages(w, *s); !changed) return changed.error();
  if (const auto added = add_thresholds(w, *s); !added) return added.error();
  const auto most = parse_duration(w.max_time);
  if (!most) return most.error();
  if (longest_run(*s) > *most)
    return fail_with(exit_code::wrong_usage,
                     "this could take longer than {}, its timeout included; say --max-time if you mean it",
                     w.max_time);
  return s;
}

}  // namespace atelier::bench
