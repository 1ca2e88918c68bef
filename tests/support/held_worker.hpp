// Workers that keep a proxy waiting.
#pragma once

#include "support/scripted_worker.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

namespace atelier::test {

/// Answers requests to /held only when it is told to, one after the other, and everything else at once.
class held_worker {
 public:
  held_worker();
  ~held_worker();

  std::string address() const { return worker_.address(); }

  /// A request has come and waits.
  bool holds_one();
  void answer();

 private:
  std::string wait_and_answer(const std::string& request);

  std::mutex mutex_;
  std::condition_variable telling_;
  int held_ = 0;
  int told_ = 0;  // to answer
  scripted_worker worker_;
};

/// A port of 127.0.0.1 where the kernel takes connections and nobody else does.
class deaf_port {
 public:
  deaf_port();
  ~deaf_port();
  deaf_port(const deaf_port&) = delete;
  deaf_port& operator=(const deaf_port&) = delete;

  std::uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  /// The listening socket is the caller's from here on.
  int release() { return std::exchange(listener_, -1); }

 private:
  int listener_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace atelier::test
