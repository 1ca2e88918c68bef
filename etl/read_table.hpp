// `atelier etl read`: any CSV file as clean RFC 4180.
#pragma once

#include "core/result.hpp"
#include "etl/detect.hpp"
#include "etl/encoding.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace atelier::etl {

/// What is not given is detected.
struct read_options {
  std::string file;
  std::string member;  // of a zip file that has several; empty: there is but one
  dialect_hints written;
  std::optional<std::size_t> header_lines;  // joined cell by cell with a blank; 0: no header is printed
  std::optional<std::size_t> skip_lines;    // physical lines before the table
  std::optional<encoding> stored;
};

/// Writes the file's records to `out`, UTF-8, comma, quotes doubled, LF; short records are padded, those of
/// another table further down stand as they are. What is no UTF-8 becomes U+FFFD. Errors: unreadable; `out`
/// says that it cannot be written; a record of more than 16 MB was left out.
result<> read_table(const read_options& options, const std::function<bool(std::string_view)>& out);

}  // namespace atelier::etl
