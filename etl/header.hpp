// Which of the seven sets a file is, and in which of its columns each value stands.
#pragma once

#include "etl/record_reader.hpp"
#include "etl/sets.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::etl {

/// Where the columns of a set stand in a file's records.
struct layout {
  static constexpr std::size_t ignored = columns_max;

  set_kind set{};
  std::vector<std::size_t> column_of;  // for each field of a record, the column of the set; or ignored
  std::vector<std::string> unknown;    // names in the header that mean nothing here
};

/// Reads a header by its meaning: blanks, quotes, case, `_`, camelCase and order do not matter. Nothing if it
/// is no header of any set: every required column must be there, and more columns of the set than others,
/// unless the file's name speaks of the set. Of several sets it is the one that knows the most columns.
std::optional<layout> match_header(const std::vector<std::string>& names,
                                   std::optional<set_kind> by_name = {});

/// The layout of a file of this set without a header: the published order.
layout published_layout(set_kind set);

/// The set that a file's name speaks of: reviews.csv, reviews_2.csv, Reviews-part-01.CSV; the folder does not
/// matter.
std::optional<set_kind> set_of_name(std::string_view path);

}  // namespace atelier::etl
