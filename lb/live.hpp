// Looks at the proxy once a second, keeps a minute of it, and tells those who listen.
#pragma once

#include "core/http/event_feed.hpp"
#include "lb/snapshot.hpp"

namespace atelier::lb {

/// A look costs a copy of the counters, 96 bytes a worker and 160 for the whole, of which 65 are kept: 30 KB
/// for three workers. Nothing is made of them until somebody listens.
class live {
 public:
  static constexpr std::size_t listeners_max = 32;  // pages open at the same time; beyond: 503

  explicit live(const proxy& of) : of_(of) {}  // `of` outlives us

  /// Looks until the loop ends.
  task<> run();

  http::event_feed& feed() { return feed_; }

  /// What somebody hears first: all that a page needs to be drawn at once.
  std::string greeting(const access_rule& rule) const;

 private:
  const proxy& of_;
  history past_;
  http::event_feed feed_{listeners_max};
};

}  // namespace atelier::lb
