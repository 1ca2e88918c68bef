#include "lb/networks.hpp"

#include "core/http/characters.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <vector>

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

namespace {

// 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1] and [2001:db8::1]:80.
std::string_view without_port(std::string_view node) {
  if (node.starts_with('[')) {
    const auto end = node.find(']');
    const bool is_whole = end + 1 == node.size() || (end != node.npos && node[end + 1] == ':');
    return is_whole ? node.substr(1, end - 1) : std::string_view();
  }
  const auto colon = node.find(':');
  return colon == node.rfind(':') ? node.substr(0, colon) : node;
}

// Goes from proxy to proxy towards the client.
struct way_back {
  const networks& trusted;
  std::string_view client;

  // False: the way ends here. What is no address nobody whom we trust wrote, or he does not say who it was.
  bool goes_on_behind(std::string_view node) {
    const auto text = without_port(node);
    boost::system::error_code error;
    const auto address = ip::make_address(text, error);
    if (error) return false;
    client = text;
    return trusted.contains(address);
  }
};

// Takes what stands before the next separator that is not in quotes. False: a quote is open at the end.
bool take_part(std::string_view& rest, char separator, std::string_view& part) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < rest.size() && (quoted || rest[end] != separator); ++end) {
    if (rest[end] == '"') quoted = !quoted;
    if (rest[end] == '\\' && quoted) ++end;
  }
  end = std::min(end, rest.size());
  part = http::trim(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return !quoted;
}

// What for= says in one element of Forwarded (RFC 7239 section 4), without its quotes; empty where it says
// nothing.
std::string_view node_in(std::string_view element) {
  for (std::string_view pair; !element.empty();) {
    take_part(element, ';', pair);
    constexpr std::string_view name = "for=";
    if (!http::equals_ignoring_case(pair.substr(0, name.size()), name)) continue;
    auto node = pair.substr(name.size());
    if (node.size() >= 2 && node.front() == '"' && node.back() == '"') node = node.substr(1, node.size() - 2);
    return node;
  }
  return {};
}

// Of all lines, in their order. A line in which a quote stays open is read by nobody in the same way: it says
// nothing.
std::vector<std::string_view> nodes_of_forwarded(const http::field_list& fields) {
  std::vector<std::string_view> nodes;
  for (const auto& field : fields) {
    if (!http::equals_ignoring_case(field.name, "forwarded")) continue;
    const auto before = nodes.size();
    std::string_view element;
    bool is_right = true;
    for (auto rest = field.value; !rest.empty();) {
      is_right = take_part(rest, ',', element);
      nodes.push_back(node_in(element));
    }
    if (is_right) continue;
    nodes.resize(before);
    nodes.emplace_back();
  }
  return nodes;
}

}  // namespace

std::string_view client_behind(const networks& trusted, std::string_view peer,
                               const http::field_list& fields) {
  way_back way{trusted, peer};
  bool has_list = false;
  for (const auto* f = fields.end(); f != fields.begin();) {
    --f;
    if (!http::equals_ignoring_case(f->name, "x-forwarded-for")) continue;
    has_list = true;
    for (auto list = f->value;;) {
      const auto comma = list.rfind(',');
      const auto node = http::trim(list.substr(comma == list.npos ? 0 : comma + 1));
      if (!way.goes_on_behind(node)) return way.client;
      if (comma == list.npos) break;
      list = list.substr(0, comma);
    }
  }
  if (has_list) return way.client;
  const auto nodes = nodes_of_forwarded(fields);
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node)
    if (!way.goes_on_behind(*node)) break;
  return way.client;
}

}  // namespace atelier::lb
