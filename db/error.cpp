#include "db/error.hpp"

#include <algorithm>

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

std::string label_of(errc what) {
  std::string label(to_string(what));
  std::replace(label.begin(), label.end(), ' ', '_');
  return label;
}

}  // namespace atelier::db
