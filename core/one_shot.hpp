// A coroutine waits, somebody wakes it, once.
#pragma once

#include "core/async.hpp"

#include <boost/asio/async_result.hpp>

#include <cstddef>
#include <new>
#include <utility>

namespace atelier {

/// Wakes at most one waiter, at once and on the caller's stack; set() before wait() is remembered. No
/// allocation, no timer.
class one_shot {
 public:
  one_shot() = default;
  one_shot(const one_shot&) = delete;
  one_shot& operator=(const one_shot&) = delete;
  ~one_shot() {
    if (destroy_) destroy_(storage_);
  }

  /// co_await done.wait(); must be the only one.
  auto wait() {
    return asio::async_initiate<const asio::deferred_t&, void()>(
        [this]<class Handler>(Handler&& handler) { keep(std::forward<Handler>(handler)); }, asio::deferred);
  }

  void set() {
    set_ = true;
    if (!invoke_) return;
    destroy_ = nullptr;
    std::exchange(invoke_, nullptr)(storage_);
  }

 private:
  template <class Handler>
  void keep(Handler&& handler) {
    if (set_) return std::forward<Handler>(handler)();
    static_assert(sizeof(Handler) <= sizeof storage_);
    static_assert(alignof(Handler) <= alignof(std::max_align_t));
    ::new (static_cast<void*>(storage_)) Handler(std::forward<Handler>(handler));
    invoke_ = [](std::byte* at) {
      auto* held = std::launder(reinterpret_cast<Handler*>(at));
      Handler out(std::move(*held));  // what it resumes may destroy this object
      held->~Handler();
      std::move(out)();
    };
    destroy_ = [](std::byte* at) { std::launder(reinterpret_cast<Handler*>(at))->~Handler(); };
  }

  alignas(std::max_align_t) std::byte storage_[64];
  void (*invoke_)(std::byte*) = nullptr;
  void (*destroy_)(std::byte*) = nullptr;
  bool set_ = false;
};

}  // namespace atelier
