// What may be sent to a second worker, and how often.
#pragma once

#include <cstddef>
#include <cstdint>

namespace atelier::lb {

/// How far a request got before its worker failed.
enum class progress : std::uint8_t {
  nothing_sent,    // no byte left us: no connection, or the first write was refused
  sent,            // the worker may have read it, and may have done what it asks
  answer_started,  // a byte of the answer came (1xx counts): never sent again
};

/// What of a request decides whether it may be sent twice.
struct retry_facts {
  bool repeatable = false;  // GET, HEAD, OPTIONS, or a POST with an Idempotency-Key
  bool body_kept = true;    // all of it that left us is still in our buffer
  unsigned retries_done = 0;
};

/// The request may go to another worker. A PUT that was sent may not: a vote would count twice.
constexpr bool may_retry(progress p, const retry_facts& f, unsigned retries_max) {
  if (f.retries_done >= retries_max || !f.body_kept) return false;
  return p == progress::nothing_sent || (p == progress::sent && f.repeatable);
}

/// Retries under way may be this share of the requests in flight, so that a failing stack is not buried under
/// its own repeats.
struct retry_budget {
  unsigned percent = 20;
  std::size_t retries_min = 3;  // always allowed

  constexpr bool allows(std::size_t retries_under_way, std::size_t requests_in_flight) const {
    return retries_under_way < retries_min || retries_under_way * 100 < requests_in_flight * percent;
  }
};

}  // namespace atelier::lb
