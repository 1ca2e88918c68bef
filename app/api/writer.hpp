// Writes: each is one commit, and is answered when every worker knows of it. Votes that come together share
// one.
#pragma once

#include "app/api/coherence.hpp"
#include "app/api/failures.hpp"
#include "app/api/statements.hpp"
#include "core/turnstile.hpp"

#include <array>
#include <unordered_map>
#include <vector>

namespace atelier::api {

struct writer_counters {
  std::uint64_t posts = 0;
  std::uint64_t votes = 0;
  std::uint64_t vote_batches = 0;  // statements, and commits, that the votes took
};

class writer {
 public:
  /// In a batch, so that what it announces fits into one notification of 8000 bytes: two topics of at most 21
  /// bytes a vote.
  static constexpr std::size_t votes_a_batch_max = 128;
  static constexpr std::size_t votes_waiting_max = 4096;  // of one kind; beyond: overloaded, 503

  writer(asio::io_context& loop, db::pool& database, coherence& truth)
      : loop_(loop), database_(database), truth_(truth) {}

  /// Runs a POST's statement; its stamp is added to the arguments. Where it wrote something (the second
  /// column of its row is not null) it is known to every worker when this returns. Where what it changes is
  /// locked (the first column is null) it waits for that as vote() does.
  task<db::outcome> post(statement what, db::arguments with);

  /// A vote or a report. Returns false if there is nothing of that id. Where somebody else has locked the row
  /// it waits for him, as long as a statement may take, and holds up votes for nothing else.
  task<answer_or<bool>> vote(statement what, std::int64_t id);

  /// Returns when every worker knows what was committed before: for an answer that writes nothing, but says
  /// that something is written.
  task<answer_or<bool>> wait_for_earlier();

  const writer_counters& counted() const { return counters_; }

  struct ballot {
    std::int64_t id = 0;
    bool found = false;
    std::optional<db::error> failed = {};
    clock::time_point until = {};  // of one that is held: when it has waited long enough
    one_shot done = {};
  };

 private:
  /// Votes of one kind. Those whose row was found locked are held apart, by the row's id, which has a place
  /// there until it was free and nobody waits for it any more.
  struct ballot_box {
    std::vector<ballot*> waiting;
    bool is_emptied = false;  // somebody is at it
    std::unordered_map<std::int64_t, std::vector<ballot*>> held;
    std::size_t held_count = 0;  // ballots, those under way included
  };

  static constexpr auto kinds = static_cast<std::size_t>(statement::answer_report) -
                                static_cast<std::size_t>(statement::review_helpful) + 1;
  static statement held_form(statement what) {
    return static_cast<statement>(static_cast<std::size_t>(what) + kinds);
  }
  ballot_box& box_of(statement what) {
    return boxes_[static_cast<std::size_t>(what) - static_cast<std::size_t>(statement::review_helpful)];
  }

  task<db::outcome> write(statement what, db::arguments with, turnstile* turn = nullptr);
  task<> empty_box(statement what);
  void hold(statement what, ballot& one);
  task<> wait_for(statement what, std::int64_t id);
  task<db::outcome> count(statement what, const std::vector<ballot*>& cast, std::uint64_t number);
  void finish(std::vector<ballot*> cast, const db::outcome& rows, std::uint64_t number);
  task<> settle(std::vector<ballot*> cast, std::uint64_t number);

  asio::io_context& loop_;
  db::pool& database_;
  coherence& truth_;
  std::array<ballot_box, kinds> boxes_;
  turnstile held_;  // one statement at a time waits for a lock, on one connection
  writer_counters counters_;
};

}  // namespace atelier::api
