// The data set that stands in for the published one.
#pragma once

#include "core/result.hpp"

#include <cstdint>
#include <string>

namespace atelier::etl {

struct sample_options {
  std::string directory;  // made if it is not there; files of the same names are replaced
  std::uint64_t products = 1000;
  std::uint64_t seed = 1;
  double unreliable_share = 0;  // 0 … 1 of the rows are damaged
};

struct sample_summary {
  std::uint64_t rows = 0;  // made, before any damage
};

/// Writes the seven files in one pass, in memory that does not grow. The same seed gives the same bytes on
/// every machine, and without damage a smaller set is the beginning of a larger one: each product has a
/// random stream of its own. Errors: the folder or a file cannot be written; then no file has changed.
result<sample_summary> write_sample(const sample_options& options);

}  // namespace atelier::etl
