#include "bench/load/run_command.hpp"

#include "bench/load/output.hpp"
#include "bench/load/report_html.hpp"
#include "bench/load/report_json.hpp"
#include "bench/load/report_text.hpp"
#include "bench/load/target.hpp"
#include "bench/load/wanted_scenario.hpp"

#include <fmt/chrono.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <csignal>

namespace atelier::bench {
namespace {

std::atomic<bool> stop_asked{false};
static_assert(std::atomic<bool>::is_always_lock_free);

int failed(const failure& f) {
  fmt::print(stderr, "atelier-bench: {}\n", f.what);
  return static_cast<int>(f.code);
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
  for (const auto& p : watch.all()) {
    if (p.gone_at)
      judged.doubts.push_back(
          fmt::format("process {} was gone after {:.0f} s: its CPU and memory are those until then",
                      p.who.name, *p.gone_at));
  }
  return finished_run{std::move(*figures), std::move(watch), std::move(judged), when};
}

result<> write_reports(const scenario& s, const finished_run& done, const run_words& w,
                       const std::string& before) {
  if (w.json.empty() && w.html.empty()) return {};
  const auto json = report_json(s, done.figures, done.judged, done.processes, w.url, done.when, w.seed);
  if (!w.json.empty()) {
    if (auto written = write_output(w.json, json); !written) return written;
  }
  if (w.html.empty()) return {};
  return write_output(w.html, report_html(json, before));
}

struct prepared {
  scenario what;
  target to;
  std::vector<watched_process> processes;
  std::string before;  // the report that ours is laid over; empty: none
};

result<prepared> prepare(const run_words& w) {
  auto s = wanted_scenario(w);
  if (!s) return s.error();
  auto to = find_target(w.url, w.confirm);
  if (!to) return to.error();
  prepared p{std::move(*s), std::move(*to), {}, {}};
  if (!w.compare.empty()) {
    auto read = read_report(w.compare);
    if (!read) return read.error();
    p.before = std::move(*read);
  }
  for (const auto* name : {&w.json, &w.html}) {
    if (const auto writable = check_writable(*name); !writable) return writable.error();
  }
  for (const auto& word : w.pids) {
    auto watched = parse_watched(word);
    if (!watched) return watched.error();
    p.processes.push_back(std::move(*watched));
  }
  allow_many_connections(p.what.connections);
  stop_on_signals();
  return p;
}

void print_try(std::FILE* out, double rate, const finished_run& done) {
  const auto& whole = done.figures.figures.whole();
  const auto ms = [&](double share) {
    return whole.answered() == 0 ? "–"
                                 : fmt::format("{:.3f}", static_cast<double>(whole.latency.at(share)) / 1e6);
  };
  fmt::print(out, "{:>10.0f} {:>10.0f} {:>11} {:>11} {:>8}  {}\n", rate, whole.rate(done.figures.lasted),
             ms(0.5), ms(0.99), whole.failed(), done.judged.all_held() ? "held" : done.judged.why_not_held());
  std::fflush(out);
}

}  // namespace

int run_once(const run_words& w) {
  auto p = prepare(w);
  if (!p) return failed(p.error());
  const auto done = run(p->what, p->to, w, p->processes, !w.quiet);
  if (!done) return failed(done.error());
  if (!w.quiet && w.json != "-")
    fmt::print("{}", report_text(p->what, done->figures, done->judged, done->processes));
  if (const auto written = write_reports(p->what, *done, w, p->before); !written)
    return failed(written.error());
  return static_cast<int>(done->judged.all_held() ? exit_code::done : exit_code::stopped_by_limit);
}

int run_search(const run_words& w) {
  auto p = prepare(w);
  if (!p) return failed(p.error());
  auto& s = p->what;
  if (s.thresholds.empty())
    return failed(fail_with(exit_code::wrong_usage,
                            "there is no threshold to hold; give one: --threshold 'p99 < 20ms'"));
  if (const auto possible = check_rates({{{.lasts = {}, .from = w.from, .to = w.to}}}); !possible)
    return failed(possible.error());
  s.is_open = true;
  const auto lasts = length_of(s.stages);
  rate_search search(w.from, w.to, w.precision);
  std::optional<finished_run> best;
  auto* const out = w.json == "-" ? stderr : stdout;
  if (!w.quiet)
    fmt::print(out, "{:>10} {:>10} {:>11} {:>11} {:>8}  thresholds\n", "rate", "answers/s", "p50 ms",
               "p99 ms", "errors");
  const auto most = parse_duration(w.max_time);
  const auto began = std::chrono::steady_clock::now();
  bool out_of_time = false;
  while (!search.is_over() && !stop_asked && !out_of_time) {
    const double rate = std::round(search.next());
    s.stages = {{lasts, rate, rate}};
    auto done = run(s, p->to, w, p->processes, !w.quiet);
    if (!done) return failed(done.error());
    if (stop_asked) break;
    // Latencies hold what the generator itself was late by: a rate that held, held; one that missed may not
    // be the server's fault, and says so.
    const bool held = done->judged.all_held();
    if (!w.quiet) print_try(out, rate, *done);
    search.tried(rate, held);
    if (held) best = std::move(*done);
    // The first try was looked at with the other words.
    out_of_time = !search.is_over() && std::chrono::steady_clock::now() - began + longest_run(s) > *most;
  }
  fmt::print(out, "highest rate that held: {:.0f}/s{}{}\n", search.best(),
             search.best() >= std::round(w.to) ? ", and no higher one may be tried (--to)" : "",
             out_of_time ? ", and no other one could be tried in time (--max-time)" : "");
  if (!best) return static_cast<int>(exit_code::stopped_by_limit);
  if (const auto written = write_reports(s, *best, w, p->before); !written) return failed(written.error());
  return 0;
}

}  // namespace atelier::bench
