// Finished answers, kept until something that they are made of changes: bounded in bytes, least recently used
// out first. Pure: one thread, no clock, no socket.
#pragma once

#include "app/api/announcement.hpp"
#include "app/api/failures.hpp"
#include "app/api/lookup.hpp"
#include "core/one_shot.hpp"

#include <boost/intrusive/list.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace atelier::api {

/// An answer to GET, ready to be written: the same bytes whether it was kept or has just been made.
class finished_answer {
 public:
  /// `head`: status line and fields, as http::responder takes them; `etag`: a part of it.
  finished_answer(std::string_view head, std::string_view etag, std::string_view body);

  /// That there is nothing, which is worth knowing too.
  static finished_answer not_found() { return {}; }

  unsigned status() const { return status_; }
  std::string_view head() const { return text().substr(0, head_size_); }
  std::string_view etag() const { return text().substr(etag_at_, etag_size_); }
  std::string_view body() const { return text().substr(head_size_); }

  /// What it takes of the heap, itself included.
  std::size_t heap_bytes() const;

 private:
  finished_answer() = default;
  std::string_view text() const { return text_; }

  std::string text_;  // head and body: one block of memory, as there are hundreds of thousands of them
  std::uint32_t head_size_ = 0;
  std::uint32_t etag_at_ = 0;
  std::uint16_t etag_size_ = 0;
  std::uint16_t status_ = 404;
};
using shared_answer = std::shared_ptr<const finished_answer>;

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
  explicit answer_cache(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  answer_cache(const answer_cache&) = delete;
  ~answer_cache() { forget_all(); }

  bool is_on() const { return bytes_max_ > 0; }

  /// The answer kept, or null. It becomes the most recently used; valid until the cache is next changed.
  const finished_answer* find(const lookup& what);

  /// The query under way for it that may still be joined, or null.
  shared_flight under_way(const lookup& what);

  /// A query is sent now.
  shared_flight take_off(const lookup& what);

  /// It is back: keeps its answer, unless it was overtaken, and wakes who waited. What a waiter does may
  /// change the cache.
  void land(const shared_flight& back, answer_or<shared_answer> result);

  /// Drops what is made of the topic; queries under way for it are overtaken.
  void forget(const topic& changed);
  void forget_all();

  std::size_t bytes() const { return bytes_; }
  std::size_t bytes_max() const { return bytes_max_; }
  std::size_t size() const { return recent_.size(); }
  const cache_counters& counted() const { return counters_; }
  cache_counters& count() { return counters_; }

 private:
  struct entry : boost::intrusive::list_base_hook<> {
    lookup what;
    shared_answer answer;

    std::size_t bytes() const;
  };
  // Few of one topic: a product's pages in three orders. Who asks for many pages loses the oldest of them.
  static constexpr std::size_t entries_a_topic_max = 32;
  static constexpr std::size_t share_of_one_max = 8;  // an answer larger than an eighth of all is not kept
  struct shelf {
    std::vector<std::unique_ptr<entry>> entries;
    std::vector<shared_flight> flights;
  };

  void keep(shelf& on, const lookup& what, const shared_answer& answer);
  void remove(shelf& from, std::size_t index);
  void make_room();

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::unordered_map<topic, shelf, topic_hash> shelves_;
  boost::intrusive::list<entry> recent_;  // front: the most recently used
  cache_counters counters_;
};

}  // namespace atelier::api
