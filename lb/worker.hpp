// One worker: where it is, how it is, and its connections at rest.
#pragma once

#include "core/address.hpp"
#include "core/async.hpp"
#include "core/histogram.hpp"
#include "lb/health.hpp"
#include "lb/limits.hpp"

#include <boost/intrusive/list.hpp>

#include <array>
#include <memory>
#include <vector>

namespace atelier::lb {

struct worker_settings {
  address where;
  std::uint32_t weight = 1;
  std::uint32_t in_flight_max = 0;  // 0: no limit
};

/// Reads HOST:PORT[,weight=N][,max=N], or unix:PATH in the place of HOST:PORT.
result<worker_settings> parse_worker(std::string_view text);

/// A connection to a worker.
struct upstream {
  explicit upstream(asio::io_context& loop) : socket(loop) {}

  tcp_socket socket;
  const clock::time_point made_at = clock::now();
  clock::time_point idle_since{};
  bool used_before = false;
};

/// How a worker failed a request.
enum class fault : std::uint8_t {
  no_connection,  // refused, unreachable, not in time
  lost,           // closed or reset before a whole answer came
  timed_out,      // no byte in time
  bad_answer,     // not HTTP as we read it
};
inline constexpr std::size_t fault_kinds = 4;
std::string_view to_string(fault f);

struct worker_counters {
  std::uint64_t requests = 0;              // given to it, again counted again
  std::array<std::uint64_t, 6> answers{};  // by the first digit of the status
  std::array<std::uint64_t, fault_kinds> faults{};
  std::uint64_t retries = 0;      // of its requests, sent again because it failed them
  std::uint64_t connections = 0;  // opened
  std::uint64_t ejections = 0;    // times that it went down or aside
  std::uint64_t bytes_in = 0;     // from it
  std::uint64_t bytes_out = 0;    // to it
  histogram answer_times;         // from a request given to it to its answer's head
};

/// A request that a worker has and has not begun to answer.
class unanswered_request
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  unanswered_request() = default;
  unanswered_request(const unanswered_request&) = delete;
  unanswered_request& operator=(const unanswered_request&) = delete;
  virtual ~unanswered_request() = default;

  /// Probes get no answer either. Must not destroy or unlink: set a mark and wake up.
  virtual void worker_is_silent() noexcept = 0;
};

/// Why a worker is as it is, and since when.
struct cause {
  std::string why;
  std::chrono::system_clock::time_point since = std::chrono::system_clock::now();
};

class worker {
 public:
  worker(worker_settings s, const socket_address& where, const health_rules& rules)
      : settings(std::move(s)),
        endpoint(where),
        name(to_string(settings.where)),
        host(host_of(settings.where)),
        state(rules) {}

  enum class wanted : std::uint8_t {
    serving,
    drained,  // gets no new requests, is probed
    gone,     // the same, and is forgotten once it has answered what it has
  };

  worker_settings settings;
  socket_address endpoint;
  std::string name;  // HOST:PORT or unix:PATH, in logs and metrics
  std::string host;  // in a Host field where the client sent none
  health state;
  cause of_state{"not probed yet"};
  worker_counters counters;
  std::size_t slot = 0;           // place in the list of loads
  std::uint64_t number = 0;       // which no other worker of this process had
  wanted wish = wanted::serving;  // of the operator
  cause of_wish{"added"};
  bool probed = false;  // probes are under way
  bool left = false;    // forgotten: its probes end
  bool was_out = false;
  clock::time_point back_since{};  // the last time that it came back
  boost::intrusive::list<unanswered_request, boost::intrusive::constant_time_size<false>> unanswered;

  /// The connection used last (its buffers and congestion window are warm), or null.
  std::unique_ptr<upstream> take_idle();

  /// Puts a connection to rest, or closes it where enough rest.
  void give_idle(std::unique_ptr<upstream> connection, clock::time_point now, std::size_t idle_max);

  /// Closes those that rested since before `oldest`, and those of which the reactor has heard that the worker
  /// closed them. Those that lie still cost no system call: this is done once a second, with thousands too.
  void sweep(clock::time_point oldest);

  /// Closes those that the worker has closed, also those of which the reactor has not heard yet.
  void close_lost();
  void close_idle() { idle_.clear(); }

  /// Where it is of these, the first of which is to be tried first. A name server that deals addresses out in
  /// turns moves nobody.
  const socket_address& address_among(const std::vector<socket_address>& found) const;

  /// The next connections go there. Those to the former address end with what is under way on them.
  void move_to(const socket_address& where);
  std::size_t idle() const { return idle_.size(); }

 private:
  std::vector<std::unique_ptr<upstream>> idle_;  // oldest first
  clock::time_point moved_at_{};
};

bool is_same(const socket_address& one, const socket_address& other);

/// False if the worker closed its side, or sent what nobody asked for: then nothing may be sent on it. One
/// system call.
bool is_still_open(upstream& connection);

}  // namespace atelier::lb
