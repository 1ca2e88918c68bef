// How long reads wait for a turn that is under way before another connection takes them. Pure. Private to db.
//
// Where PostgreSQL shares our machine, each connection more that works at a time is one process more that
// wants a core, and reads that wait for one another share their statements: it is cheaper that they wait for
// the turn under way than that they go at once. Behind a turn that takes longer than turns usually do, they
// do not wait.
#pragma once

#include "core/async.hpp"

#include <algorithm>

namespace atelier::db {

class patience {
 public:
  static constexpr auto least = std::chrono::microseconds(200);
  static constexpr auto most = std::chrono::milliseconds(5);

  /// A turn of reads took so long. One that was slow counts as `most` only: it must not teach us to wait for
  /// the next.
  void came_back(clock::duration took) {
    usual_ += (std::min<clock::duration>(took, most) - usual_) / remembered;
  }

  /// Twice what the last turns took, within bounds.
  clock::duration of_now() const { return std::clamp<clock::duration>(2 * usual_, least, most); }

 private:
  static constexpr int remembered = 16;  // turns, roughly: an exponentially weighted mean
  clock::duration usual_{0};
};

}  // namespace atelier::db
