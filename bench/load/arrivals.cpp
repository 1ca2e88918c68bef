#include "bench/load/arrivals.hpp"

#include <cmath>

namespace atelier::bench {
namespace {

double seconds(nanoseconds t) { return std::chrono::duration<double>(t).count(); }

double requests_in(const stage& s) { return (s.from + s.to) / 2 * seconds(s.lasts); }

// The time within a stage at which `count` requests are due: the root of from·t + (to − from)/(2·lasts)·t² =
// count, in the form that does not divide by a slope of zero.
double time_of(const stage& s, double count) {
  const double slope = (s.to - s.from) / seconds(s.lasts);
  const double root = std::sqrt(std::max(0.0, s.from * s.from + 2 * slope * count));
  return 2 * count / (s.from + root);
}

}  // namespace

nanoseconds length_of(std::span<const stage> stages) {
  nanoseconds all{0};
  for (const auto& s : stages) all += s.lasts;
  return all;
}

arrivals::arrivals(std::vector<stage> stages, pacing how, std::uint64_t seed)
    : stages_(std::move(stages)), how_(how), chance_(seed) {}

std::optional<nanoseconds> arrivals::next() {
  const double mark = mark_;
  while (stage_ < stages_.size() && mark >= before_ + requests_in(stages_[stage_]) - 1e-9) {
    before_ += requests_in(stages_[stage_]);
    begun_ += seconds(stages_[stage_].lasts);
    ++stage_;
  }
  if (stage_ == stages_.size()) return {};
  mark_ += how_ == pacing::even ? 1.0 : -std::log(1.0 - chance_.unit());
  const double into = mark > before_ ? time_of(stages_[stage_], mark - before_) : 0;
  return nanoseconds(static_cast<nanoseconds::rep>((begun_ + into) * 1e9));
}

}  // namespace atelier::bench
