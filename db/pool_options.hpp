#pragma once

#include "db/call.hpp"

#include <chrono>
#include <span>
#include <string>

namespace atelier::db {

using namespace std::chrono_literals;

struct pool_options {
  std::string conninfo;  // empty: libpq's PG… variables
  std::string application_name = "atelier";
  std::size_t connections = 3;
  std::span<const statement> statements = {};
  std::size_t waiting_max = 4096;  // statements that wait for a connection; beyond: errc::overloaded
  std::chrono::milliseconds waiting_timeout =
      5s;  // for a connection; beyond: errc::timed_out, nothing was sent
  std::chrono::milliseconds connect_timeout = 5s;
  std::chrono::milliseconds statement_timeout = 2s;  // the server cancels what takes longer
  std::chrono::milliseconds answer_timeout = 3s;     // silence on a busy connection before we drop it
  std::chrono::milliseconds retry_min = 50ms;        // between attempts to connect, doubling, with jitter
  std::chrono::milliseconds retry_max = 2s;
};

}  // namespace atelier::db
