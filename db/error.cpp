#include "db/error.hpp"

namespace atelier::db {

std::string_view to_string(errc what) {
  switch (what) {
    case errc::overloaded:
      return "overloaded";
    case errc::unavailable:
      return "unavailable";
    case errc::connection_lost:
      return "connection lost";
    case errc::timed_out:
      return "timed out";
    case errc::rejected:
      break;
  }
  return "rejected";
}

}  // namespace atelier::db
