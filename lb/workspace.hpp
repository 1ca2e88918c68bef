// What a connection needs only while a request is under way.
#pragma once

#include "core/buffer.hpp"
#include "lb/exchange.hpp"
#include "lb/transit.hpp"

#include <optional>
#include <string>

namespace atelier::lb {

struct workspace {
  static constexpr std::size_t block_bytes = 32 * 1024;  // holds the largest head, and most bodies

  buffer in{block_bytes};  // from the client
  std::string request_id;

  // For the access log, and only where there is one.
  std::string method;
  std::string path;
  std::string trace_id;
  std::string client;
  std::string worker;

  std::optional<exchange> under_way;

  bool worth_keeping();
};

}  // namespace atelier::lb
