// Bytes of an exchange between its two sockets.
#pragma once

#include "core/buffer.hpp"
#include "lb/outgoing.hpp"

namespace atelier::lb {

/// An exchange has one only while there is something in it, and most of the time there is not: a small answer
/// is received, given its head and sent in one go. So hundreds of exchanges take turns with the same few
/// kilobytes, which stay in the processor's nearest cache.
struct transit {
  static constexpr std::size_t block_bytes = 32 * 1024;
  static constexpr std::size_t head_growth_bytes = 512;  // by which our head may be longer than the worker's

  buffer from_worker{block_bytes, head_growth_bytes};
  outgoing to_worker;
  outgoing to_client;

  bool is_empty() const { return from_worker.empty() && to_worker.empty() && to_client.empty(); }
  bool worth_keeping();
};

}  // namespace atelier::lb
