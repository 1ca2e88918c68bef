// Networks of addresses, and who a client is behind the proxies that we trust.
#pragma once

#include "core/http/head.hpp"
#include "core/result.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace atelier::lb {

class networks {
 public:
  /// Adds ADDRESS or ADDRESS/BITS, of IPv4 or IPv6.
  result<> add(const std::string& text);

  bool empty() const { return v4_.empty() && v6_.empty(); }
  bool contains(const boost::asio::ip::address& one) const;

  /// False too for what is no address.
  bool contains(std::string_view address) const;

 private:
  std::vector<boost::asio::ip::network_v4> v4_;
  std::vector<boost::asio::ip::network_v6> v6_;
};

/// The last address in X-Forwarded-For that is not a trusted proxy's, as far as every one behind it is,
/// without its port; where there is no such field, in Forwarded (RFC 7239); `peer`, who must be trusted,
/// where neither says one. Views into the fields.
std::string_view client_behind(const networks& trusted, std::string_view peer,
                               const http::field_list& fields);

}  // namespace atelier::lb
