// Where the load goes, and whether it may.
#pragma once

#include "core/result.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <string>
#include <string_view>

namespace atelier::bench {

struct target {
  std::string host;  // as a Host field says it: name, and port if it is not 80
  boost::asio::ip::tcp::endpoint endpoint;
};

/// http://HOST[:PORT] resolved. An address beyond this machine must be confirmed by naming it once more:
/// HOST[:PORT] exactly as in the URL. Errors: another scheme, a path, a name that is not known, not
/// confirmed.
result<target> find_target(std::string_view url, std::string_view confirmed);

}  // namespace atelier::bench
