// Finished answers, kept until something that they are made of changes: bounded in bytes; those go first that
// take much room, were used seldom, and not for long. Pure: one thread, no clock, no socket.
#pragma once

#include "app/api/announcement.hpp"
#include "app/api/failures.hpp"
#include "app/api/finished_answer.hpp"
#include "app/api/lookup.hpp"
#include "core/one_shot.hpp"

#include <boost/container/deque.hpp>

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace atelier::api {

/// A query under way. Who asks the same before it is back waits for it.
struct flight {
  explicit flight(const lookup& r) : what(r) {}

  lookup what;
  bool overtaken = false;  // what it asked for changed under way: nobody joins any more, it is not kept
  answer_or<shared_answer> result = shared_answer();
  std::vector<one_shot*> waiting;
};
using shared_flight = std::shared_ptr<flight>;

struct cache_counters {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t joined = 0;    // misses that shared a query under way
  std::uint64_t bypassed = 0;  // reads while nothing may be kept
  std::uint64_t dropped = 0;   // answers that a change made untrue
  std::uint64_t evicted = 0;   // answers that had to make room
};

class answer_cache {
 public:
  explicit answer_cache(std::size_t bytes_max);
  answer_cache(const answer_cache&) = delete;
  ~answer_cache() { forget_all(); }

  bool is_on() const { return bytes_max_ > 0; }

  /// The answer kept, or null. It is used once more; valid until the cache is next changed.
  const finished_answer* find(const lookup& what);

  /// The query under way for it that may still be joined, or null.
  shared_flight under_way(const lookup& what) const;

  /// A query is sent now, as neither find() nor under_way() had anything.
  shared_flight take_off(const lookup& what);

  /// It is back: keeps its answer, unless it was overtaken, and wakes who waited. What a waiter does may
  /// change the cache.
  void land(const shared_flight& back, answer_or<shared_answer> result);

  /// Drops what is made of the topic; queries under way for it are overtaken.
  void forget(const topic& changed);
  void forget_all();

  std::size_t bytes() const { return bytes_; }  // of the answers, with all that keeping one takes
  std::size_t bytes_max() const { return bytes_max_; }
  std::size_t size() const { return entries_.size(); }
  const cache_counters& counted() const { return counters_; }
  cache_counters& count() { return counters_; }

 private:
  // The entries lie next to each other, in no order; those whose topics fall into one bucket are a chain.
  // What names an entry is its place and one, so that 0 is none: it changes as others leave.
  using entry_number = std::uint32_t;
  struct entry {
    lookup what;
    shared_answer answer;
    std::uint64_t used_at;  // the last time, in uses of all
    std::uint32_t bytes;
    entry_number next;   // in its chain
    unsigned char uses;  // up to uses_max
  };

  // Few of one topic: a product's pages in three orders. Who asks for many pages loses one of them.
  static constexpr std::size_t entries_a_topic_max = 32;
  static constexpr std::size_t share_of_one_max = 8;  // an answer larger than an eighth of all is not kept
  static constexpr unsigned uses_max = 16;  // more earn no longer stay: what was popular once has to leave
  static constexpr unsigned samples = 16;   // the worst of so many makes room
  static constexpr std::size_t bytes_a_bucket = 512;  // half of what an answer takes, as a rule
  static constexpr std::size_t block_bytes = 64 * 1024;
  using entry_blocks =
      boost::container::deque<entry, void,
                              boost::container::deque_options_t<boost::container::block_bytes<block_bytes>>>;

  entry& at(entry_number n) { return entries_[n - 1]; }
  entry_number& chain_of(const topic& t);
  entry_number& link_to(entry_number n);
  double worth(const entry& of) const;
  entry_number worse_of(entry_number one, entry_number other);
  void keep(const lookup& what, const shared_answer& answer);
  void remove(entry_number n);
  void make_room_in(const topic& of);
  void make_room();

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::vector<entry_number> chains_;  // a power of two of them
  entry_blocks entries_;
  std::unordered_multimap<topic, shared_flight, topic_hash> flights_;
  std::uint64_t uses_ = 0;
  std::uint64_t sampled_ = 0;
  cache_counters counters_;
};

}  // namespace atelier::api
