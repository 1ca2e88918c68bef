// Which commits still wait to be known everywhere: the pure half of the promise that a read which begins
// after a write was acknowledged sees it, through whichever worker. docs/decisions/0004 argues why it holds.
#pragma once

#include "app/api/announcement.hpp"
#include "core/async.hpp"

#include <limits>
#include <map>
#include <unordered_map>
#include <vector>

namespace atelier::api {

/// A kept answer may be used only while the worker's listener has completed a round trip that began within
/// this time. So, this long after a commit, no worker that has not heard of it uses what it keeps.
inline constexpr auto lease = std::chrono::milliseconds(250);

/// Added by who waits for a lease to end: two machines' clocks do not run equally fast.
inline constexpr auto lease_margin = std::chrono::milliseconds(10);

class echoes {
 public:
  using time = clock::time_point;

  explicit echoes(worker_id self) : self_(self) {}

  /// A write begins: its number goes into its announcement.
  std::uint64_t begin() {
    commits_.try_emplace(++last_number_);
    return last_number_;
  }

  /// It failed, or its caller has been answered.
  void forget(std::uint64_t number) { commits_.erase(number); }

  /// Its commit was reported at `now`: from here on its wait is bounded.
  void committed(std::uint64_t number, time now);

  // What the listener hears, in its order.
  void announced(std::uint64_t number);  // our own commit: whoever joined before it is a member by now
  void joined(worker_id worker);
  void left(worker_id worker);
  void evicted(worker_id worker);  // counts until a write behind that has waited a lease for it
  void restart();                  // listening again: nobody is known yet
  void members_are(const std::vector<worker_id>& members);
  void nobody_else_is();  // who was evicted before we listened has no lease any more: these are all

  /// A worker says that it has heard a commit of ours.
  void echoed(std::uint64_t number, worker_id worker);

  /// Time has passed. Returns the workers whose silence has cost a write its whole wait: to be evicted.
  std::vector<worker_id> tick(time now);

  /// True when a read that begins now sees the commit through every worker.
  bool is_known(std::uint64_t number) const;

  /// Numbers that have become known since the last call; their callers can be answered.
  std::vector<std::uint64_t> take_known();

  std::uint64_t whole_leases_waited() const { return whole_leases_waited_; }
  std::size_t members() const;  // without the evicted
  std::size_t waiting() const { return commits_.size(); }

 private:
  static constexpr auto never = std::numeric_limits<std::uint64_t>::max();

  struct commit {
    std::uint64_t place = 0;  // among our announcements, from 1; 0: it is not back yet
    bool is_known = false;
    time deadline = time::max();
    std::vector<worker_id> heard;    // until it is announced: who has echoed already
    std::vector<worker_id> missing;  // from then on: who has not
  };
  struct member {
    std::uint64_t evicted_behind = never;  // the place of our announcement that was heard before
    time silent_since = time::max();       // when it first cost a write its whole wait
  };

  void make_known(std::uint64_t number, commit& c);

  worker_id self_;
  bool members_are_known_ = false;
  std::uint64_t last_number_ = 0;
  std::uint64_t last_place_ = 0;
  std::uint64_t whole_leases_waited_ = 0;
  std::map<std::uint64_t, commit> commits_;  // by number, so nearly by age
  std::unordered_map<worker_id, member> members_;
  std::vector<std::uint64_t> known_;
};

}  // namespace atelier::api
