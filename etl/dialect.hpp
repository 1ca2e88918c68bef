// How a file writes its records: what separates, what quotes, what escapes.
#pragma once

#include <string>
#include <string_view>

namespace atelier::etl {

struct dialect {
  std::string delimiter = ",";  // one byte or more
  char quote = '"';             // 0: none
  char escape = '"';            // inside quotes: the quote itself (doubled), a backslash or the like; 0: none

  bool has_quote() const { return quote != '\0'; }
  bool escapes_by_sign() const { return escape != '\0' && escape != quote; }
  friend bool operator==(const dialect&, const dialect&) = default;
};

}  // namespace atelier::etl
