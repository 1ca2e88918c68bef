// Everything that is bounded, and by how much. Most are options of `atelier lb`.
#pragma once

#include "core/http/head.hpp"
#include "lb/affinity.hpp"
#include "lb/client_table.hpp"
#include "lb/health.hpp"
#include "lb/networks.hpp"
#include "lb/retry.hpp"

#include <chrono>
#include <cstddef>
#include <string>

namespace atelier::lb {

using namespace std::chrono_literals;

struct limits {
  http::head_limits head;                // of requests and of answers
  std::size_t connections_max = 16'384;  // clients; beyond, nothing is accepted
  std::chrono::milliseconds head_timeout =
      10s;  // from the first byte of a request to the end of its head: 408
  std::chrono::milliseconds idle_timeout = 75s;    // a client's connection between requests; nginx's default
  std::chrono::milliseconds connect_timeout = 2s;  // to a worker
  std::chrono::milliseconds answer_timeout =
      30s;  // from the end of a request to the first byte of its answer: 504
  std::chrono::milliseconds body_timeout = 30s;  // silence while a body comes or goes, either way
  std::chrono::milliseconds total_timeout{0};  // from a request's head to the end of its answer: 504; 0: none
  std::size_t body_bytes_max = 0;              // of a request, as it is sent: 413; 0: no limit
  client_limits client;                        // of one address: 429
  networks trusted_proxies;                    // who say the truth about their clients
  bool proxy_protocol = false;                 // every connection begins with a header of it
  bool tunnel = false;                         // a request may switch to another protocol
  std::chrono::milliseconds tunnel_timeout = 10min;  // silence on a connection that has
  std::chrono::milliseconds linger_timeout =
      2s;  // how long a client whose request was refused may go on sending
  std::chrono::milliseconds worker_idle_timeout =
      60s;                             // a worker's connection at rest: shorter than the worker's own 75 s
  std::size_t worker_idle_max = 1024;  // connections at rest kept, a worker: fewer than are in flight at a
                                       // time and every other answer costs a new one
  std::size_t queue_max = 1024;        // requests waiting for a worker with room: beyond, 503
  std::chrono::milliseconds queue_timeout = 5s;  // for how long: 503
  std::size_t answer_bytes_max = 64 * 1024;      // of an answer held for a client slower than its worker
  unsigned retries_max = 1;                      // of a request that a worker failed
  retry_budget budget;
  std::size_t kept_bytes_max = 512 * 1024;  // of a request that may be sent again: a larger one is sent once
  std::size_t large_requests_max = 64;      // kept in more than 32 KB, at a time: others are sent once
  std::chrono::milliseconds slow_start =
      5s;  // in which the weight of a worker that came back grows to all of it
  // Reads that belong together go to one worker while it has less than this part of its fair share in
  // flight; 0: off.
  unsigned affinity_percent = 0;
  affinity affinity_by = affinity::target;  // which belong together
  unsigned panic_percent = 0;               // fewer healthy workers than this: all get requests; 0: never
  std::chrono::milliseconds drain_timeout = 10s;  // from SIGTERM until what is still open is cut
};

struct probe_rules {
  std::string path = "/ready";
  std::chrono::milliseconds interval = 1s;
  std::chrono::milliseconds timeout = 1s;
};

}  // namespace atelier::lb
