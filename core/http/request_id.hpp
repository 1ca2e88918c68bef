// X-Request-Id: who may choose it, and how one is made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace atelier::http {

inline constexpr std::size_t request_id_bytes_max = 128;

/// A client's own is taken when it is 1..request_id_bytes_max visible ASCII characters.
bool is_request_id(std::string_view text);

/// Ids nobody else makes: 32 hexadecimal digits (a trace id of W3C Trace Context too), from a seed and a
/// counter.
class request_ids {
 public:
  static constexpr std::size_t id_bytes = 32;

  request_ids();  // seeded by the system
  explicit request_ids(std::uint64_t seed_high, std::uint64_t seed_low) : high_(seed_high), low_(seed_low) {}

  std::string_view next();  // valid until the next call

 private:
  std::uint64_t high_;
  std::uint64_t low_;
  char text_[id_bytes];
};

/// The trace id of a traceparent field (W3C Trace Context: 32 hexadecimal digits, not all zero); empty where
/// it is malformed. A later version than 00 is read by the fields of 00, as its section 3.2.4 asks for: what
/// it adds stands behind them.
std::string_view trace_id(std::string_view traceparent);

}  // namespace atelier::http
