// How many connections a client's address has, and how fast it asks. Empty unless there is a limit.
#pragma once

#include "core/async.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace atelier::lb {

struct client_limits {
  unsigned connections_max = 0;         // of one address; 0: no limit
  unsigned rate = 0;                    // requests a second of one address, in the long run; 0: no limit
  unsigned burst = 0;                   // at once; 0: as many as in a second
  std::size_t addresses_max = 100'000;  // known at a time; beyond, new ones are not limited
};

/// What counts as one client: an IPv4 address, or the 64 bits of an IPv6 address that a network has.
std::string client_key(std::string_view address);

class client_table {
 public:
  /// False: it has as many as it may. Else disconnect() is to be called for it.
  bool connect(const std::string& key, const client_limits& limits);
  void disconnect(const std::string& key);

  /// A token of its bucket. Zero: taken; else in how long there will be one.
  std::chrono::milliseconds ask(const std::string& key, const client_limits& limits, clock::time_point now);

  std::size_t size() const { return all_.size(); }

 private:
  struct client {
    unsigned connections = 0;
    double tokens = -1;  // below zero: a full bucket
    clock::time_point filled_at{};
  };
  client* find_or_add(const std::string& key, const client_limits& limits, clock::time_point now);
  void forget_the_idle(const client_limits& limits, clock::time_point now);

  std::unordered_map<std::string, client> all_;
  clock::time_point swept_at_{};
};

}  // namespace atelier::lb
