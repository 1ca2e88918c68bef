// One load at work. Its ideas stand in files of their own: engine.cpp, time; engine_starts.cpp, who asks
// when; engine_connections.cpp, sockets; engine_ends.cpp, how requests end.
#pragma once

#include "bench/load/connection.hpp"
#include "bench/load/engine.hpp"
#include "bench/load/request_writer.hpp"

#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <string_view>
#include <utility>
#include <vector>

namespace atelier::bench {

/// Since the same moment always.
inline nanoseconds monotonic() { return std::chrono::steady_clock::now().time_since_epoch(); }

inline constexpr nanoseconds reconnect_pause = std::chrono::milliseconds(100);

class engine {
 public:
  /// Both outlive us.
  engine(const scenario& what, const run_options& options);
  ~engine();
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  /// Once.
  result<run_result> run();

 private:
  // Time.
  void plan_arrivals();
  void next_arrival();
  void loop();
  bool is_over() const;
  bool needs_connections() const;
  void wait_for_events(nanoseconds latest);

  // Who asks when. Connections go by their number.
  void start_due();
  bool start_on_free(nanoseconds intended);
  void offer(std::size_t i);
  void fill(std::size_t i);
  void wake_thinkers();
  void start(std::size_t i, nanoseconds intended);
  void mark_dirty(std::size_t i);
  void flush_dirty();

  // Sockets.
  result<> connect_all();
  void connect(std::size_t i);
  void connected(std::size_t i);
  void connect_failed(std::size_t i, int error);
  void forget_socket(std::size_t i);
  void watch(std::size_t i, bool write);
  void on_event(std::size_t i, std::uint32_t events);
  void write_out(std::size_t i);
  void read_in(std::size_t i);
  void read_answers(std::size_t i, std::string_view input);

  // How requests end.
  void answered(std::size_t i);
  void ended_by_server(std::size_t i, std::string_view how);
  void lose(std::size_t i, fault why, std::string_view how);
  void look_for_timeouts();
  void give_up_all();
  void ended(const outcome& o) { result_.figures.ended(o); }
  void example(std::string text);

  const scenario& what_;
  const run_options& options_;
  request_writer requests_;
  checker checker_;
  run_result result_;
  std::vector<connection> connections_;
  std::deque<std::size_t> free_;  // connections with room, in line
  std::vector<std::size_t> dirty_;
  std::deque<nanoseconds> waiting_;  // intended starts
  using wake = std::pair<nanoseconds, std::size_t>;
  std::priority_queue<wake, std::vector<wake>, std::greater<>> thinkers_;
  std::optional<arrivals> arrivals_;
  std::optional<nanoseconds> due_;
  std::string connect_error_;
  std::vector<char> buffer_;
  int epoll_ = -1;
  nanoseconds begin_{0}, now_{0}, end_{0}, abandon_at_ = nanoseconds::max();
  std::size_t in_flight_ = 0;
};

}  // namespace atelier::bench
