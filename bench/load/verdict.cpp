#include "bench/load/verdict.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace atelier::bench {
namespace {

constexpr double own_cpu_share_doubtful = 0.90;
constexpr double waited_share_doubtful = 0.03;
constexpr std::uint64_t late_doubtful = 1'000'000;  // nanoseconds, at the 99th percentile
constexpr int tries_max = 30;
constexpr double never = std::numeric_limits<double>::infinity();

std::vector<std::string> doubts_about(const scenario& what, const run_result& r) {
  std::vector<std::string> all;
  const auto lasted = static_cast<double>(std::max<nanoseconds::rep>(r.lasted.count(), 1));
  const double busy = static_cast<double>(r.own_cpu.count()) / lasted;
  if (busy > own_cpu_share_doubtful)
    all.push_back(fmt::format(
        "the generator itself used {:.0f} % of its core: the server may be able to do more", busy * 100));
  const double waited = static_cast<double>(r.waited.count()) / lasted;
  if (waited > waited_share_doubtful)
    all.push_back(
        fmt::format("the generator waited for a core {:.0f} % of the time: rate and latencies may be its own",
                    waited * 100));
  const auto late = r.figures.lateness().at(0.99);
  if (what.is_open && late > late_doubtful)
    all.push_back(
        fmt::format("one start in a hundred was {:.1f} ms late or more by the generator's own fault (no core "
                    "free for it?): latencies hold this time too",
                    static_cast<double>(late) / 1e6));
  if (r.figures.whole().answered() + r.figures.whole().failed() < 100)
    all.push_back("fewer than 100 requests: percentiles mean little");
  if (r.stopped) all.push_back("stopped before its end");
  return all;
}

}  // namespace

bool verdict::all_held() const {
  return std::all_of(thresholds.begin(), thresholds.end(), [](auto& t) { return t.held; });
}

std::string verdict::why_not_held() const {
  std::vector<std::string> all;
  for (const auto& t : thresholds) {
    if (!t.held) all.push_back(t.what.text + " missed");
  }
  all.insert(all.end(), doubts.begin(), doubts.end());
  return fmt::format("{}", fmt::join(all, "; "));
}

double percentile_with_failures(const tally& t, double share) {
  const double answered = static_cast<double>(t.answered()), failed = static_cast<double>(t.failed());
  if (answered + failed == 0) return std::nan("");
  // What failed was not answered in time, whatever the time: it stands behind the slowest answer.
  const double rank = std::max(1.0, std::ceil(share * (answered + failed) - 1e-6));
  return rank > answered ? never : static_cast<double>(t.latency.at(rank / answered));
}

double value_of(const threshold& t, const scenario& what, const run_result& r) {
  const tally* figures = &r.figures.whole();
  for (std::size_t i = 0; i < what.requests.size(); ++i) {
    if (!t.request.empty() && what.requests[i].name == t.request) figures = &r.figures.kinds()[i];
  }
  const double answered = static_cast<double>(figures->answered()),
               failed = static_cast<double>(figures->failed());
  if (t.is_time() && answered == 0) return failed == 0 ? std::nan("") : never;
  switch (t.what) {
    case threshold::figure::percentile:
      return percentile_with_failures(*figures, t.share);
    case threshold::figure::mean:  // of the answers: to what was never answered no time can be added
      return figures->latency.mean();
    case threshold::figure::greatest:
      return failed > 0 ? never : static_cast<double>(figures->latency.greatest());
    case threshold::figure::rate:
      return figures->rate(r.lasted);
    case threshold::figure::error_share:
      return failed / (answered + failed);
  }
  return std::nan("");
}

verdict judge(const scenario& what, const run_result& r) {
  verdict v;
  for (const auto& t : what.thresholds) {
    const double value = value_of(t, what, r);
    v.thresholds.push_back({t, value, holds(t, value)});
  }
  v.doubts = doubts_about(what, r);
  return v;
}

rate_search::rate_search(double first, double most, double precision)
    : first_(first), most_(most), precision_(precision), next_(std::min(first, most)) {}

bool rate_search::is_over() const {
  if (tries_ >= tries_max || best_ >= most_) return true;
  if (worst_ == 0) return false;
  if (best_ == 0) return worst_ <= std::max(1.0, first_ / 64);
  return worst_ - best_ <= precision_ * worst_;
}

double rate_search::next() const { return next_; }

void rate_search::tried(double rate, bool held) {
  ++tries_;
  if (held)
    best_ = std::max(best_, rate);
  else
    worst_ = worst_ == 0 ? rate : std::min(worst_, rate);
  next_ = worst_ == 0 ? std::min(most_, best_ * 2) : best_ == 0 ? worst_ / 2 : (best_ + worst_) / 2;
}

}  // namespace atelier::bench
