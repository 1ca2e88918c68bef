// What all connections of one proxy share. One thread: no locks.
#pragma once

#include "core/access_log.hpp"
#include "core/buffer.hpp"
#include "core/histogram.hpp"
#include "core/http/request_id.hpp"
#include "core/watchdog.hpp"
#include "lb/forward_head.hpp"
#include "lb/limits.hpp"
#include "lb/waiting_line.hpp"
#include "lb/workers.hpp"

#include <array>

namespace atelier::lb {

struct counters {
  std::uint64_t requests = 0;  // whose head was right
  std::uint64_t refused = 0;   // whose head or body was not, or came too slowly
  std::array<std::uint64_t, 6>
      answers{};  // to clients, by the first digit of the status, the proxy's own included
  std::uint64_t retries = 0;
  std::uint64_t retries_delayed = 0;  // by the budget
  std::uint64_t retries_refused = 0;  // the budget had no room in time
  std::uint64_t unavailable = 0;      // requests for which no worker had room in time
  std::uint64_t limited = 0;          // asked too fast, or had too many connections: 429
  std::uint64_t broken_off = 0;       // answers that could not be finished: the worker or the client left
  std::uint64_t bytes_in = 0;         // from clients
  std::uint64_t bytes_out = 0;        // to clients
  histogram request_times;            // from a request's whole head to the last byte of its answer
};

struct transit;
struct workspace;

struct context {
  context(asio::io_context& io, const limits& l, const health_rules& r);
  ~context();

  asio::io_context& loop;
  limits bounds;
  health_rules rules;
  workers pool;
  watchdog guard;
  http::request_ids ids;
  access_log* log = nullptr;  // null: none
  counters count;
  client_table clients;
  stock<workspace> workspaces;
  stock<transit> transits;

  // Heads are parsed here and used up before anything else runs.
  http::request_head request;
  http::response_head response;

  std::size_t in_flight = 0;       // requests
  std::size_t large_requests = 0;  // of them, kept in more than a block
  std::size_t retries_under_way = 0;
  waiting_line<bool> retry_line;  // those for which the budget has no room yet

  /// A deadline that is never early: the watchdog's clock is behind by up to its period.
  clock::time_point from_now(std::chrono::milliseconds limit) const {
    return guard.now() + limit + watchdog::period;
  }
};

}  // namespace atelier::lb
