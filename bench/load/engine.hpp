// The load itself: one thread, one epoll, many connections.
#pragma once

#include "bench/load/checks.hpp"
#include "bench/load/recorder.hpp"
#include "bench/load/scenario.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>

namespace atelier::bench {

/// What a run did to whom.
struct run_result {
  recorder figures;
  nanoseconds lasted{0};   // from the first arrival that counts to the last
  nanoseconds own_cpu{0};  // of this thread in that time
  nanoseconds waited{0};   // in that time this thread was ready to run, and others had the cores
  std::size_t connections_opened = 0;
  bool stopped = false;               // somebody asked us to
  std::vector<std::string> examples;  // what the first faults were about
};

struct run_options {
  std::string host;  // for the Host field
  boost::asio::ip::tcp::endpoint target;
  std::uint64_t seed = 1;
  std::function<void()> at_beginning;  // after the warm-up; may be empty, as the next one
  std::function<void(const moment&)> each_second;
  const std::atomic<bool>* stop = nullptr;  // set: end early
};

/// Runs the scenario to its end: warm-up, stages, and then at most its timeout for answers still under way.
/// An open loop starts each request when it is due, on the next connection that has room, whatever the server
/// does; its latency counts from when it was due. A closed loop sends on each connection as soon as the
/// answer before (and the pause) is over. Errors: no connection at all can be made.
result<run_result> run_load(const scenario& what, const run_options& options);

}  // namespace atelier::bench
