#include "bench/load/run_command.hpp"

#include "bench/load/embedded.hpp"
#include "bench/load/report_html.hpp"
#include "bench/load/report_json.hpp"
#include "bench/load/report_text.hpp"
#include "bench/load/target.hpp"

#include <CLI/CLI.hpp>
#include <fmt/chrono.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>

namespace atelier::bench {
namespace {

std::atomic<bool> stop_asked{false};
static_assert(std::atomic<bool>::is_always_lock_free);

int failed(const failure& f) {
  fmt::print(stderr, "atelier-bench: {}\n", f.what);
  return static_cast<int>(f.code);
}

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
    if (lasts->count() <= 0) return fail_with(exit_code::wrong_usage, "--for {}: no time at all", w.lasts);
    // One stage as long as that; several keep their shares of it.
    const double scale =
        static_cast<double>(lasts->count()) / static_cast<double>(length_of(s.stages).count());
    for (auto& st : s.stages)
      st.lasts = nanoseconds(static_cast<nanoseconds::rep>(static_cast<double>(st.lasts.count()) * scale));
  }
  if (w.rate > 0) s.stages = {{length_of(s.stages), w.rate, w.rate}};
  if (w.ramp.size() == 2) s.stages = {{length_of(s.stages), w.ramp[0], w.ramp[1]}};
  return {};
}

// The scenario as the command line wants it.
result<scenario> wanted_scenario(const run_words& w) {
  auto s = named_or_single(w);
  if (!s) return s;
  if (w.closed) s->is_open = false;
  if (w.rate > 0 || !w.ramp.empty()) s->is_open = true;
  if (w.poisson) s->pacing = arrivals::pacing::poisson;
  if (w.connections > 0) s->connections = w.connections;
  if (w.pipeline > 0) s->pipeline = w.pipeline;
  if (const auto changed = change_times(w, *s); !changed) return changed.error();
  if (const auto changed = change_stages(w, *s); !changed) return changed.error();
  for (const auto& text : w.thresholds) {
    auto t = parse_threshold(text);
    if (!t) return t.error();
    s->thresholds.push_back(std::move(*t));
  }
  const auto most = parse_duration(w.max_time);
  if (!most) return most.error();
  if (s->warm_up + length_of(s->stages) > *most)
    return fail_with(exit_code::wrong_usage, "this would take longer than {}; say --max-time if you mean it",
                     w.max_time);
  return s;
}

void allow_many_connections(std::size_t wanted) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, std::max<rlim_t>(files.rlim_cur, wanted + 64));
  setrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur < wanted + 64)
    fmt::print(
        stderr,
        "atelier-bench: only {} open files are allowed (ulimit -n): not all {} connections can be made\n",
        files.rlim_cur, wanted);
}

void stop_on_signals() {
  struct sigaction act {};
  act.sa_handler = [](int) { stop_asked = true; };
  sigaction(SIGINT, &act, nullptr);
  sigaction(SIGTERM, &act, nullptr);
}

struct finished_run {
  run_result figures;
  process_watch processes;
  verdict judged;
  std::string when;
};

result<finished_run> run(const scenario& s, const target& to, const run_words& w,
                         std::vector<watched_process> processes, bool progress) {
  process_watch watch(std::move(processes));
  const double seconds = std::chrono::duration<double>(length_of(s.stages)).count();
  const bool on_terminal = isatty(2) != 0;
  run_options options{.host = to.host,
                      .target = to.endpoint,
                      .seed = w.seed,
                      .at_beginning = [&] { watch.begin(); },
                      .each_second = {},
                      .stop = &stop_asked};
  options.each_second = [&](const moment& m) {
    watch.look(m.at);
    if (progress && on_terminal) fmt::print(stderr, "\r{:<110.110}", progress_line(m, seconds));
  };
  const auto when = fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr)));
  auto figures = run_load(s, options);
  if (progress && on_terminal) fmt::print(stderr, "\r{:<110}\r", "");
  if (!figures) return figures.error();
  watch.look(std::chrono::duration<double>(figures->lasted).count());
  auto judged = judge(s, *figures);
  return finished_run{std::move(*figures), std::move(watch), std::move(judged), when};
}

result<> write_file(const std::string& name, std::string_view content) {
  if (name == "-") {
    fmt::print("{}\n", content);
    return {};
  }
  std::ofstream file(name, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  if (!file) return fail("'{}' cannot be written", name);
  return {};
}

result<> write_reports(const scenario& s, const finished_run& done, const run_words& w) {
  if (w.json.empty() && w.html.empty()) return {};
  const auto json = report_json(s, done.figures, done.judged, done.processes, w.url, done.when, w.seed);
  if (!w.json.empty()) {
    if (auto written = write_file(w.json, json); !written) return written;
  }
  if (w.html.empty()) return {};
  std::string before;
  if (!w.compare.empty()) {
    auto read = read_report(w.compare);
    if (!read) return read.error();
    before = std::move(*read);
  }
  return write_file(w.html, report_html(json, before));
}

struct prepared {
  scenario what;
  target to;
  std::vector<watched_process> processes;
};

result<prepared> prepare(const run_words& w) {
  auto s = wanted_scenario(w);
  if (!s) return s.error();
  auto to = find_target(w.url, w.confirm);
  if (!to) return to.error();
  prepared p{std::move(*s), std::move(*to), {}};
  for (const auto& word : w.pids) {
    auto watched = parse_watched(word);
    if (!watched) return watched.error();
    p.processes.push_back(std::move(*watched));
  }
  allow_many_connections(p.what.connections);
  stop_on_signals();
  return p;
}

}  // namespace

void add_run_options(CLI::App& command, run_words& w) {
  command.add_option("SCENARIO", w.scenario, "A ready scenario's name, or a JSON file");
  command.add_option("--get", w.get, "Ask for this one target instead")->type_name("TARGET");
  command.add_option("--url", w.url, "The server")->type_name("http://HOST:PORT")->capture_default_str();
  command
      .add_option("--confirm", w.confirm,
                  "Needed for a server that is not this machine: its address once more")
      ->type_name("HOST:PORT");
  command.add_option("--rate", w.rate, "Open loop: requests a second, instead of the scenario's stages")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  command.add_option("--ramp", w.ramp, "Open loop: from this rate evenly to that one")
      ->type_name("FROM TO")
      ->expected(2);
  command.add_option("--for", w.lasts, "How long, the warm-up apart")->type_name("TIME");
  command.add_option("--warm-up", w.warm_up, "Load before that, not counted")->type_name("TIME");
  command.add_flag("--closed", w.closed, "Closed loop: each connection asks again when it was answered");
  command.add_flag("--poisson", w.poisson,
                   "Open loop: arrivals by chance, as many independent clients make them");
  command.add_option("--connections", w.connections, "Connections, opened before the load begins")
      ->type_name("N")
      ->check(CLI::Range(1, 60'000));
  command.add_option("--pipeline", w.pipeline, "Requests in flight on each")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  command.add_option("--think", w.think, "Closed loop: pause after each answer")->type_name("TIME");
  command.add_option("--timeout", w.timeout, "For an answer; beyond, the request failed")->type_name("TIME");
  command.add_option("--set", w.changes, "Change a parameter of the scenario: products=1000011")
      ->type_name("NAME=NUMBER");
  command
      .add_option("--threshold", w.thresholds,
                  "One more: 'p99 < 20ms', 'errors < 1%', 'meta.max < 1s', 'rate > 900'")
      ->type_name("TEXT");
  command.add_option("--pid", w.pids, "Watch CPU and memory of a process and its descendants; repeatable")
      ->type_name("[NAME=]PID");
  command.add_option("--json", w.json, "Write everything for machines; - is stdout")->type_name("FILE");
  command.add_option("--html", w.html, "Write one page with charts, complete in itself")->type_name("FILE");
  command.add_option("--compare", w.compare, "Lay an earlier run's JSON over it in the page")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  command.add_option("--seed", w.seed, "Another seed draws other ids")->capture_default_str();
  command.add_option("--max-time", w.max_time, "Refuse a run longer than this")
      ->type_name("TIME")
      ->capture_default_str();
  command.add_flag("--quiet", w.quiet, "No progress, no table");
}

void add_search_options(CLI::App& command, run_words& w) {
  command.add_option("--from", w.from, "The first rate tried; doubled while it holds")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--to", w.to, "Never more than this")->check(CLI::PositiveNumber)->capture_default_str();
  command.add_option("--precision", w.precision, "Stop when the rate is known to this share")
      ->check(CLI::Range(0.001, 0.5))
      ->capture_default_str();
}

int run_once(const run_words& w) {
  auto p = prepare(w);
  if (!p) return failed(p.error());
  const auto done = run(p->what, p->to, w, p->processes, !w.quiet);
  if (!done) return failed(done.error());
  if (const auto written = write_reports(p->what, *done, w); !written) return failed(written.error());
  if (!w.quiet && w.json != "-")
    fmt::print("{}", report_text(p->what, done->figures, done->judged, done->processes));
  return static_cast<int>(done->judged.all_held() ? exit_code::done : exit_code::stopped_by_limit);
}

int run_search(const run_words& w) {
  auto p = prepare(w);
  if (!p) return failed(p.error());
  auto& s = p->what;
  if (s.thresholds.empty())
    return failed(fail_with(exit_code::wrong_usage,
                            "there is no threshold to hold; give one: --threshold 'p99 < 20ms'"));
  s.is_open = true;
  const auto lasts = length_of(s.stages);
  rate_search search(w.from, w.to, w.precision);
  std::optional<finished_run> best;
  fmt::print("{:>10} {:>10} {:>11} {:>11} {:>8}  thresholds\n", "rate", "answers/s", "p50 ms", "p99 ms",
             "errors");
  while (!search.is_over() && !stop_asked) {
    const double rate = std::round(search.next());
    s.stages = {{lasts, rate, rate}};
    auto done = run(s, p->to, w, p->processes, !w.quiet);
    if (!done) return failed(done.error());
    if (stop_asked) break;
    const auto& l = done->figures.figures.whole().latency;
    // Latencies hold what the generator itself was late by: a rate that held, held; one that missed may not
    // be the server's fault, and says so.
    const bool held = done->judged.all_held();
    std::string missed;
    for (const auto& t : done->judged.thresholds) missed += t.held ? "" : t.what.text + " missed; ";
    for (const auto& d : done->judged.doubts) missed += d;
    fmt::print("{:>10.0f} {:>10.0f} {:>11.3f} {:>11.3f} {:>8}  {}\n", rate,
               static_cast<double>(l.count()) / std::chrono::duration<double>(lasts).count(),
               static_cast<double>(l.at(0.5)) / 1e6, static_cast<double>(l.at(0.99)) / 1e6,
               done->figures.figures.whole().failed(), held ? "held" : missed.c_str());
    std::fflush(stdout);
    search.tried(rate, held);
    if (held) best = std::move(*done);
  }
  fmt::print("highest rate that held: {:.0f}/s\n", search.best());
  if (!best) return static_cast<int>(exit_code::stopped_by_limit);
  if (const auto written = write_reports(s, *best, w); !written) return failed(written.error());
  return 0;
}

}  // namespace atelier::bench
