// What workers tell each other over PostgreSQL's NOTIFY, as text: which answers a commit has made untrue, and
// who may keep answers at all. The SQL of a write appends the topics itself: see statements.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::api {

inline constexpr std::string_view announcements_channel = "atelier_cache";

/// What an answer is made of. A write names the topics that it changed; every answer belongs to one.
struct topic {
  enum class kind : char {
    reviews = 'r',    // of a product: its lists of reviews and its meta
    review = 'v',     // one review
    questions = 'q',  // of a product: its list of questions with their answers
    answers = 'a',    // of a question
  };
  kind what = kind::reviews;
  std::int64_t id = 0;

  friend bool operator==(const topic&, const topic&) = default;
};

using worker_id = std::uint64_t;

/// Who made a commit, and where it wants to hear that the others know of it.
struct sender {
  worker_id id = 0;
  std::string echo_address;  // HOST:PORT for datagrams, or "-": it waits for no echo
  std::uint64_t number = 0;  // of the commit, counted by the sender
};

struct announcement {
  enum class kind {
    changed,  // `from` changed `topics`
    all,      // anything may have changed: a load
    joined,   // `member` keeps answers from now on
    left,     // it does not any more
    evicted,  // it did not answer: it must not keep answers, but may not know that yet
  };
  kind what = kind::changed;
  sender from = {};
  worker_id member = 0;
  std::vector<topic> topics = {};
};

/// The first part of a `changed`, to which a write's SQL appends " r12 v34".
std::string stamp_of(const sender& from);

/// Nothing: not one of ours. Whoever cannot read an announcement must believe that all has changed.
std::optional<announcement> parse_announcement(std::string_view payload);

/// A datagram that tells a sender that this worker has heard some of its commits. Integers of eight bytes in
/// network byte order: the sender's id, ours, the numbers.
struct echo {
  static constexpr std::size_t numbers_max = 128;

  worker_id to = 0;
  worker_id from = 0;
  std::vector<std::uint64_t> numbers;
};
std::string bytes_of(const echo& e);
std::optional<echo> parse_echo(std::string_view datagram);

}  // namespace atelier::api
