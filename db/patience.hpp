// How long reads wait for a turn that is under way, and behind it for each other. Pure. Private to db.
//
// Where PostgreSQL shares our machine, each connection more that works at a time is one process more that
// wants a core, and reads that go together share their statements: it is cheaper that they wait for the turn
// under way than that they go at once. Behind a turn that takes longer than turns usually do, they do not.
#pragma once

#include "core/async.hpp"

#include <algorithm>

namespace atelier::db {

class patience {
 public:
  static constexpr auto least = std::chrono::microseconds(200);
  static constexpr auto most = std::chrono::milliseconds(5);
  static constexpr auto most_for_company = std::chrono::milliseconds(3);
  static constexpr double company_max = 8;  // what sharing gains has nearly all been gained (decision 10)

  /// A turn of reads took so long. One that was slow counts as `most` only: it must not teach us to wait for
  /// the next. `at_once`: how many it had, and how many came meanwhile.
  void came_back(clock::duration took, std::size_t at_once) {
    usual_ += (std::min<clock::duration>(took, most) - usual_) / remembered;
    const auto now = static_cast<double>(at_once);
    at_once_ = std::max(now, at_once_ + (now - at_once_) / remembered);
  }

  /// For a turn under way: twice what the last turns took, within bounds.
  clock::duration for_turn() const { return std::clamp<clock::duration>(2 * usual_, least, most); }

  /// For others to come, by those whom a turn kept waiting: four times that, within bounds.
  clock::duration for_company() const {
    return std::clamp<clock::duration>(4 * usual_, least, most_for_company);
  }

  /// Of so many reads none waits for others: they are enough, or hardly any more were under way at once
  /// lately.
  std::size_t company() const { return static_cast<std::size_t>(std::min(at_once_, company_max)); }

 private:
  static constexpr int remembered = 16;  // turns, roughly: an exponentially weighted mean
  clock::duration usual_{0};
  double at_once_ = 0;  // the most lately: rises at once, falls slowly
};

}  // namespace atelier::db
