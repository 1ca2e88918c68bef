#include "bench/load/verdict.hpp"

#include "bench/load/process_watch.hpp"
#include "bench/load/report_text.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace atelier::bench;
using namespace std::chrono_literals;

namespace {

const scenario& one_target() {
  static const scenario s = *parse_scenario(R"({"requests": [{"target": "/"}]})");
  return s;
}

// So many answers in a millisecond each and so many that timed out, in a second.
run_result run_of(int answers, int failures, nanoseconds own_cpu = 100ms, nanoseconds late = 10us,
                  nanoseconds waited = 10ms) {
  run_result r{.figures = recorder(1), .lasted = 1s, .own_cpu = own_cpu, .waited = waited, .examples = {}};
  for (int i = 0; i < answers + failures; ++i) {
    r.figures.started(0ns);
    r.figures.late(late);
    r.figures.ended({.why = i < answers ? fault::none : fault::timed_out, .status = 200, .ended = 1ms});
  }
  return r;
}

std::string doubts_of(const run_result& r) {
  std::string all;
  for (const auto& d : judge(one_target(), r).doubts) all += d + "; ";
  return all;
}

double value(std::string_view threshold, const run_result& r) {
  return value_of(*parse_threshold(threshold), one_target(), r);
}

}  // namespace

TEST_CASE("a run tells when the generator and not the server was its limit", "[bench]") {
  CHECK(doubts_of(run_of(1000, 0)) == "");
  CHECK(doubts_of(run_of(1000, 0, 950ms)).find("used 95 % of its core") != std::string::npos);
  CHECK(doubts_of(run_of(1000, 0, 100ms, 3ms)).find("3.0 ms late or more by the generator's own fault") !=
        std::string::npos);
  CHECK(doubts_of(run_of(1000, 0, 100ms, 10us, 80ms)) ==
        "the generator waited for a core 8 % of the time: rate and latencies may be its own; ");
  CHECK(doubts_of(run_of(50, 0)).find("fewer than 100 requests") != std::string::npos);
}

TEST_CASE("a closed loop's generator that had no core tells, too", "[bench]") {
  auto what = one_target();
  what.is_open = false;
  CHECK(judge(what, run_of(1000, 0)).doubts.empty());
  CHECK(judge(what, run_of(1000, 0, 100ms, 3ms, 10ms)).doubts.empty());  // nothing was due at a time
  CHECK(judge(what, run_of(1000, 0, 100ms, 10us, 80ms)).doubts.size() == 1);
}

TEST_CASE("what a try of a search missed and each of its doubts stand apart", "[bench]") {
  auto what = one_target();
  what.thresholds = {*parse_threshold("errors < 1%"), *parse_threshold("p50 < 1s"),
                     *parse_threshold("rate > 90")};
  CHECK(judge(what, run_of(49, 1, 950ms)).why_not_held() ==
        "errors < 1% missed; rate > 90 missed; the generator itself used 95 % of its core: the server may be "
        "able to do more; fewer than 100 requests: percentiles mean little");
}

TEST_CASE("a percentile is not held by those alone that were answered", "[bench]") {
  CHECK(value("p99 < 1s", run_of(995, 5)) == Approx(1e6).epsilon(0.002));
  CHECK(std::isinf(value("p99 < 1s", run_of(980, 20))));
  CHECK(value("p90 < 1s", run_of(980, 20)) == Approx(1e6).epsilon(0.002));
  CHECK(std::isinf(value("p100 < 1s", run_of(999, 1))));
  CHECK(std::isinf(value("max < 1s", run_of(999, 1))));
  CHECK(value("max < 1s", run_of(1000, 0)) == Approx(1e6).epsilon(0.002));
  CHECK(std::isinf(value("mean < 1s", run_of(0, 5))));
  CHECK(std::isnan(value("mean < 1s", run_of(0, 0))));
  CHECK(value("errors < 1%", run_of(980, 20)) == Approx(0.02));
  CHECK(value("rate > 1", run_of(980, 20)) == 980);
}

TEST_CASE("what failed counts as slower than the slowest answer", "[bench]") {
  auto r = run_of(989, 9);
  for (int i = 0; i < 2; ++i) {
    r.figures.started(0ns);
    r.figures.ended({.why = fault::none, .status = 200, .ended = 5s});
  }
  // 11 of 1,000 are slower than a millisecond: the 990th is one of the two, not the 981st of the answered.
  CHECK(value("p99 < 20ms", r) == Approx(5e9).epsilon(0.002));
  CHECK(value("p98.9 < 20ms", r) == Approx(1e6).epsilon(0.002));
  CHECK(std::isinf(value("p99.2 < 20ms", r)));
}

TEST_CASE("where nothing was answered no latency is shown", "[bench]") {
  const auto r = run_of(0, 20);
  const auto text = report_text(one_target(), r, judge(one_target(), r), process_watch({}));
  CAPTURE(text);
  const auto all = text.substr(text.find("\nall ") + 1);
  const auto row = all.substr(0, all.find('\n'));
  CHECK(row.find("ms") == row.npos);
  CHECK(row.ends_with("     20          –          –          –          –          –"));
  CHECK(text.find("latencies are of") == text.npos);
  const auto line = progress_line(moment{.at = 1}, 30);
  CAPTURE(line);
  CHECK(line.find("p50         –  p99         –") != line.npos);
}

TEST_CASE("where requests failed the table says which percentiles thresholds see", "[bench]") {
  const auto text = [](const run_result& r) {
    return report_text(one_target(), r, judge(one_target(), r), process_watch({}));
  };
  CHECK(text(run_of(1000, 0)).find("latencies are of") == std::string::npos);
  CHECK_THAT(text(run_of(980, 20)),
             Catch::Contains("latencies are of the 980 answered; 20 failed, which thresholds count as slower "
                             "than any answer: p50 1.000 ms, p90 1.000 ms, p99 is a failure, p99.9 is a "
                             "failure\n"));
}

TEST_CASE("the table has the errors by kind, and what missed", "[bench]") {
  auto what = one_target();
  what.thresholds = {*parse_threshold("errors < 1%"), *parse_threshold("p99 < 1s"),
                     *parse_threshold("p50 < 1s")};
  const auto r = run_of(980, 20);
  const auto text = report_text(what, r, judge(what, r), process_watch({}));
  for (const auto* line :
       {"errors: 20 × timed out\n", "MISSED  errors < 1% (was 2.000 %)\n",
        "MISSED  p99 < 1s (not so many were answered)\n", "held    p50 < 1s (was 1.000 ms)\n"}) {
    CAPTURE(text, line);
    CHECK(text.find(line) != text.npos);
  }
}

TEST_CASE("the line of progress has rate, median, tail, errors and what is in flight", "[bench]") {
  moment m{.at = 7, .rate = 1500, .p50 = 0.5, .p99 = 12, .in_flight = 3, .waiting = 4};
  m.faults[static_cast<std::size_t>(fault::lost)] = 2;
  const auto line = progress_line(m, 30);
  for (const auto* part :
       {"7/30 s", "1500/s", "p50  0.500 ms", "p99   12.0 ms", "errors 2", "in flight 3", "waiting 4"}) {
    CAPTURE(line, part);
    CHECK(line.find(part) != line.npos);
  }
}
