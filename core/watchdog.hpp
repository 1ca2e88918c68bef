// One timer for all connections. Each has one deadline, which its progress moves for free.
#pragma once

#include "core/async.hpp"

#include <boost/intrusive/list.hpp>

namespace atelier {

/// Something that must not last for ever. Leaves its watchdog when it is destroyed.
class watched
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  watched() = default;
  watched(const watched&) = delete;
  watched& operator=(const watched&) = delete;
  virtual ~watched() = default;

  clock::time_point deadline = clock::time_point::max();

  /// Called once for each deadline that has passed, which is then never until it is set again. Must not
  /// destroy anything that is watched: cancel what is under way, and let its coroutine end.
  virtual void expire() noexcept = 0;
};

/// Looks at every deadline twenty times in five seconds: precise to a quarter of a second, which no limit
/// here minds.
class watchdog {
 public:
  static constexpr auto period = std::chrono::milliseconds(250);

  explicit watchdog(asio::io_context& loop) : timer_(loop) {}

  void add(watched& one) { all_.push_back(one); }
  std::size_t size() const { return all_.size(); }

  /// The time of the last look: cheap, and at most one period old.
  clock::time_point now() const { return now_; }

  /// Visits everything watched. `f` must not destroy any of it.
  template <class F>
  void for_each(F f) {
    for (auto at = all_.begin(); at != all_.end();) f(*at++);
  }

  /// Runs until stop().
  task<> run();
  void stop();

 private:
  boost::intrusive::list<watched, boost::intrusive::constant_time_size<false>> all_;
  timer timer_;
  clock::time_point now_ = clock::now();
  bool stopped_ = false;
};

}  // namespace atelier
