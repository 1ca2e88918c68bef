// Clients that ask again and again and count every answer that is not as it should be.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace atelier::test {

/// Each client keeps its connection while the server does, and opens another one when an answer said that it
/// was the last. A refused connection, a reset, an end without an answer and a status other than 200 are
/// errors.
class steady_load {
 public:
  /// `request` is what is sent, made anew each time.
  steady_load(std::uint16_t port, int clients, std::function<std::string()> request = {});
  ~steady_load();

  /// Ends the load. To be called before the figures are final.
  void stop();

  std::uint64_t answers() const { return answers_; }
  std::uint64_t errors() const { return errors_; }
  std::uint64_t connections() const { return connections_; }

  /// What the errors were, with how many of each: for INFO.
  std::string complaints() const;

  /// The latency that this share of the answers did not exceed.
  std::chrono::microseconds percentile(double share) const;

 private:
  void run(std::uint16_t port, const std::function<std::string()>& request);
  void complain(const std::string& what);

  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> answers_ = 0;
  std::atomic<std::uint64_t> errors_ = 0;
  std::atomic<std::uint64_t> connections_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, int> complaints_;
  std::vector<std::chrono::microseconds> latencies_;
  std::vector<std::thread> clients_;
};

}  // namespace atelier::test
