#include "core/address.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <charconv>

namespace atelier {

result<address> parse_address(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail_with(exit_code::wrong_usage,
                     "'{}' is not an address: {}; write HOST:PORT, for example 127.0.0.1:8080", text, why);
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad("the port is missing");
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad("an IPv6 address stands in brackets");
  }
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size())
    return bad("the port is not a number up to 65535");
  if (host.empty() || host == "*") host = "0.0.0.0";
  return address{std::string(host), port};
}

std::string to_string(const address& a) {
  return a.host.find(':') == std::string::npos ? fmt::format("{}:{}", a.host, a.port)
                                               : fmt::format("[{}]:{}", a.host, a.port);
}

result<boost::asio::ip::tcp::endpoint> resolve(const address& a) {
  using boost::asio::ip::tcp;
  boost::asio::io_context none;
  tcp::resolver names(none);
  boost::system::error_code error;
  const auto found = names.resolve(a.host, std::to_string(a.port), tcp::resolver::numeric_service, error);
  if (error || found.empty())
    return fail("the name '{}' cannot be resolved: {}; check it, or write its address", a.host,
                error.message());
  return found.begin()->endpoint();
}

}  // namespace atelier
