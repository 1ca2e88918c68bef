// From what stands on the command line to files whose set and columns are known.
#pragma once

#include "core/result.hpp"
#include "etl/header.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace atelier::etl {

/// One file to read.
struct input {
  std::string path;
  layout where;
  bool has_header = true;
  std::string header;  // its raw bytes, or the published one
  std::uint64_t bytes = 0;
};

/// Finds the files of a folder (its *.csv, but no rejects of ours), a file or a glob, in the order of the
/// sources and of the names in them (reviews_2 before reviews_10), and looks at the beginning of each. A file
/// in a folder that is of no set is left out with a warning. Errors: nothing there; unreadable; empty; no
/// set; compressed or UTF-16; a URL (wrong usage).
result<std::vector<input>> find_inputs(const std::vector<std::string>& sources);

/// "reviews_2" before "reviews_10".
bool natural_less(std::string_view a, std::string_view b);

}  // namespace atelier::etl
