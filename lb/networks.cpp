#include "lb/networks.hpp"

#include <boost/asio/ip/address.hpp>

namespace atelier::lb {

namespace ip = boost::asio::ip;

result<> networks::add(const std::string& text) {
  boost::system::error_code error;
  const bool v6 = text.find(':') != text.npos;
  const auto whole = text.find('/') != text.npos ? text : text + (v6 ? "/128" : "/32");
  if (v6) {
    if (const auto network = ip::make_network_v6(whole, error); !error) v6_.push_back(network.canonical());
  } else {
    if (const auto network = ip::make_network_v4(whole, error); !error) v4_.push_back(network.canonical());
  }
  if (error)
    return fail_with(exit_code::wrong_usage,
                     "'{}' is not a network: write 10.0.0.0/8, 192.0.2.1 or 2001:db8::/32", text);
  return {};
}

bool networks::contains(const ip::address& one) const {
  if (one.is_v6()) {
    const auto v6 = one.to_v6();
    if (v6.is_v4_mapped()) return contains(ip::address(ip::make_address_v4(ip::v4_mapped, v6)));
    for (const auto& network : v6_)
      if (ip::network_v6(v6, network.prefix_length()).canonical() == network) return true;
    return false;
  }
  for (const auto& network : v4_)
    if (ip::network_v4(one.to_v4(), network.prefix_length()).canonical() == network) return true;
  return false;
}

bool networks::contains(std::string_view address) const {
  boost::system::error_code error;
  const auto one = ip::make_address(address, error);
  return !error && contains(one);
}

std::string_view client_behind(const networks& trusted, std::string_view peer,
                               const http::field_list& fields) {
  auto client = peer;
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  for (const auto* f = fields.end(); f != fields.begin();) {
    --f;
    if (!http::equals_ignoring_case(f->name, "x-forwarded-for")) continue;
    for (auto list = f->value;;) {
      const auto comma = list.rfind(',');
      auto element = list.substr(comma == list.npos ? 0 : comma + 1);
      while (!element.empty() && blank(element.front())) element.remove_prefix(1);
      while (!element.empty() && blank(element.back())) element.remove_suffix(1);
      boost::system::error_code error;
      const auto address = ip::make_address(element, error);
      if (error) return client;  // not an address: nobody whom we trust wrote it
      client = element;
      if (!trusted.contains(address)) return client;
      if (comma == list.npos) break;
      list = list.substr(0, comma);
    }
  }
  return client;
}

}  // namespace atelier::lb
