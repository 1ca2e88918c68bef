#include "lb/client_table.hpp"

#include <boost/asio/ip/network_v6.hpp>

#include <algorithm>
#include <cmath>

namespace atelier::lb {
namespace {

double burst_of(const client_limits& l) { return l.burst > 0 ? l.burst : l.rate; }

}  // namespace

std::string client_key(std::string_view address) {
  boost::system::error_code error;
  const auto v6 = asio::ip::make_address_v6(address, error);
  if (error || v6.is_v4_mapped()) return std::string(address);
  return asio::ip::make_network_v6(v6, 64).canonical().to_string();
}

void client_table::forget_the_idle(const client_limits& limits, clock::time_point now) {
  constexpr auto pause = std::chrono::seconds(1);
  if (now - swept_at_ < pause) return;
  swept_at_ = now;
  // A bucket that is full again says nothing.
  const auto filling = std::chrono::duration<double>(limits.rate > 0 ? burst_of(limits) / limits.rate : 0);
  std::erase_if(all_, [&](const auto& one) {
    return one.second.connections == 0 && now - one.second.filled_at >= filling;
  });
}

client_table::client* client_table::find_or_add(const std::string& key, const client_limits& limits,
                                                clock::time_point now) {
  if (const auto found = all_.find(key); found != all_.end()) return &found->second;
  if (all_.size() >= limits.addresses_max) forget_the_idle(limits, now);
  if (all_.size() >= limits.addresses_max) return nullptr;
  return &all_[key];
}

bool client_table::connect(const std::string& key, const client_limits& limits) {
  auto* const one = find_or_add(key, limits, clock::now());
  if (!one) return true;
  if (limits.connections_max > 0 && one->connections >= limits.connections_max) return false;
  ++one->connections;
  return true;
}

void client_table::disconnect(const std::string& key) {
  const auto found = all_.find(key);
  if (found == all_.end() || found->second.connections == 0) return;
  if (--found->second.connections == 0 && found->second.tokens < 0) all_.erase(found);
}

std::chrono::milliseconds client_table::ask(const std::string& key, const client_limits& limits,
                                            clock::time_point now) {
  using seconds = std::chrono::duration<double>;
  auto* const one = limits.rate > 0 ? find_or_add(key, limits, now) : nullptr;
  if (!one) return {};
  const double most = burst_of(limits);
  const double earned = seconds(now - one->filled_at).count() * limits.rate;
  one->tokens = one->tokens < 0 ? most : std::min(most, one->tokens + earned);
  one->filled_at = now;
  if (one->tokens >= 1) {
    one->tokens -= 1;
    return {};
  }
  return std::chrono::milliseconds(
      static_cast<std::int64_t>(std::ceil((1 - one->tokens) / limits.rate * 1000)));
}

}  // namespace atelier::lb
