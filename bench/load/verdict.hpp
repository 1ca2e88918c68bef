// What a finished run says: figures, thresholds, and whether to trust them.
#pragma once

#include "bench/load/engine.hpp"

#include <string>
#include <vector>

namespace atelier::bench {

struct judged_threshold {
  threshold what;
  double value = 0;  // in the unit of the bound; not finite where not so many were answered
  bool held = false;
};

struct verdict {
  std::vector<judged_threshold> thresholds;
  std::vector<std::string> doubts;  // why the figures say something about the generator; empty: they do not

  bool all_held() const;
  std::string why_not_held() const;  // what was missed, and why that may not be the server's fault
};

verdict judge(const scenario& what, const run_result& r);

/// The value of a threshold's figure in a run. Not a number where nothing was measured, infinite for a
/// percentile that more requests failed than may lie beyond it.
double value_of(const threshold& t, const scenario& what, const run_result& r);

/// A percentile of all requests, where one that failed is slower than the slowest answer: infinite if it
/// falls on one that failed. Not a number where nothing was asked.
double percentile_with_failures(const tally& t, double share);

/// Bisection for the highest rate that holds: knows where to try next from what held before.
class rate_search {
 public:
  /// Doubles from `first` until a rate fails or `most` holds, then halves the gap until it is below
  /// `precision` (a share of the rate).
  rate_search(double first, double most, double precision);

  bool is_over() const;
  double next() const;
  void tried(double rate, bool held);
  double best() const { return best_; }  // 0: none held

 private:
  double first_, most_, precision_;
  double best_ = 0;
  double worst_ = 0;  // the lowest that failed; 0: none
  double next_ = 0;
  int tries_ = 0;
};

}  // namespace atelier::bench
