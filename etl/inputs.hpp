// From what stands on the command line to files whose set, columns, dialect and encoding are known.
#pragma once

#include "core/result.hpp"
#include "etl/dialect.hpp"
#include "etl/encoding.hpp"
#include "etl/header.hpp"
#include "etl/places.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace atelier::etl {

/// One file to read.
struct input {
  place from;
  layout where{};
  dialect written;
  encoding stored = encoding::utf8;        // told by its beginning
  std::optional<std::uint64_t> header_at;  // records above the header; none: it has no header
  bool is_digested = true;                 // its SHA-256 will be asked for
  std::string header;                      // its raw bytes in UTF-8, or the published one
  std::optional<std::uint64_t> bytes;      // of the content, where that is known beforehand
  std::shared_ptr<opened_place> open;      // what can be opened only once is open already,
  std::string read_already;                // and this was read of it
};

/// Finds the files of all sources, in the order of the sources and of the names in them, and looks at the
/// beginning of each: the first of its first records that is a header, or a good row of one set alone, tells
/// which set it is; where none does, its name. One of many (in a folder, an archive, a bucket) that is of no
/// set is left out with a warning. `are_digested`: somebody will see their SHA-256. Errors: nothing there;
/// unreadable; empty; no set.
result<std::vector<input>> find_inputs(const std::vector<std::string>& sources, bool are_digested = true);

}  // namespace atelier::etl
