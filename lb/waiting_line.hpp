// Coroutines that wait in a row for something that is given out, each with its own patience.
#pragma once

#include "core/async.hpp"

#include <boost/intrusive/list.hpp>

#include <optional>
#include <utility>

namespace atelier::lb {

/// Where a coroutine stands in a line, for somebody who sends it away before its time.
class place_in_line {
 public:
  void leave() {
    if (wake_) wake_->cancel();
  }

  bool is_taken() const { return wake_ != nullptr; }

 private:
  template <class T>
  friend class waiting_line;
  timer* wake_ = nullptr;
};

template <class T>
class waiting_line {
  using hook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
  struct place : hook {
    explicit place(asio::io_context& loop) : wake(loop) {}
    timer wake;
    std::optional<T> given;
  };

 public:
  explicit waiting_line(asio::io_context& loop) : loop_(loop) {}

  /// Waits until something is given, or nothing where the patience is over or the place is left.
  task<std::optional<T>> wait(clock::duration patience, place_in_line* told = nullptr) {
    place mine(loop_);
    if (told) told->wake_ = &mine.wake;
    line_.push_back(mine);
    ++length_;
    mine.wake.expires_after(patience);
    co_await mine.wake.async_wait(no_throw);
    if (told) told->wake_ = nullptr;
    if (mine.is_linked()) {
      mine.unlink();
      --length_;
    }
    co_return std::move(mine.given);
  }

  /// Gives to whoever waits longest. The line must not be empty.
  void give(T what) {
    auto& first = line_.front();
    line_.pop_front();
    --length_;
    first.given = std::move(what);
    first.wake.cancel();
  }

  bool empty() const { return length_ == 0; }
  std::size_t length() const { return length_; }

 private:
  asio::io_context& loop_;
  boost::intrusive::list<place, boost::intrusive::constant_time_size<false>> line_;
  std::size_t length_ = 0;
};

}  // namespace atelier::lb
