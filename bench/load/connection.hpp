// One connection of the load: bytes out, answers in.
#pragma once

#include "bench/load/answer_reader.hpp"
#include "bench/load/arrivals.hpp"
#include "bench/load/checks.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <string>
#include <vector>

namespace atelier::bench {

/// A request that was sent and is not yet answered.
struct sent_request {
  std::size_t kind = 0;
  nanoseconds intended{0};
  nanoseconds sent{0};
  bool look_inside = false;
  remembered_numbers numbers{};
};

/// Requests in flight on one connection, oldest first; a fixed ring.
class flight {
 public:
  explicit flight(std::size_t most) : ring_(most) {}
  bool is_empty() const { return size_ == 0; }
  bool is_full() const { return size_ == ring_.size(); }
  std::size_t size() const { return size_; }
  sent_request& oldest() { return ring_[first_]; }
  void push(const sent_request& r) { ring_[(first_ + size_++) % ring_.size()] = r; }
  void pop() {
    first_ = (first_ + 1) % ring_.size();
    --size_;
  }

 private:
  std::vector<sent_request> ring_;
  std::size_t first_ = 0, size_ = 0;
};

struct connection {
  explicit connection(std::size_t pipeline) : in_flight(pipeline) {}
  connection(connection&&) noexcept = default;
  connection& operator=(connection&&) noexcept = default;

  enum class stage { closed, connecting, open };

  int socket = -1;
  stage now = stage::closed;
  bool wants_to_write = false;  // epoll was told
  bool is_free = false;         // stands in the line of connections with room
  bool is_dirty = false;        // has bytes to write, stands in that list
  bool reading = false;         // the reader has begun the oldest answer
  bool was_useful = false;      // has answered something
  std::size_t thinking = 0;     // closed loop: pauses that go on; they outlive the socket
  nanoseconds retry_at{0};      // closed: when to connect again
  nanoseconds connect_begun{0};
  std::string out;
  std::size_t written = 0;
  answer_reader answer;
  flight in_flight;
};

}  // namespace atelier::bench
