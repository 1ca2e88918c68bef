// What a CSV file does not say of itself: its delimiter, its quotes, where its table begins.
#pragma once

#include "etl/dialect.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace atelier::etl {

/// What is known beforehand; the rest is detected.
struct dialect_hints {
  std::optional<std::string> delimiter;
  std::optional<char> quote;   // 0: none
  std::optional<char> escape;  // 0: none
};

/// The dialect in which the beginning of a file (UTF-8) falls into the most even rows.
dialect detect_dialect(std::string_view beginning, const dialect_hints& hints);

struct table_shape {
  std::size_t skip_records = 0;    // before the table
  std::size_t header_records = 1;  // 0: the first record is data
  std::size_t width = 0;           // columns of most records; 0: there are none
};

/// Where the table begins, and how many records its header has: what stands in columns of numbers, dates,
/// addresses and is none itself is a header.
/// `titles`: a row whose first cell alone is filled is no part of the table that it stands before.
table_shape detect_shape(std::string_view beginning, const dialect& written, bool titles = true);

}  // namespace atelier::etl
