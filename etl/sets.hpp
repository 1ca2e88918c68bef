// The seven files of the data set: their names, their columns, and what each column holds.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace atelier::etl {

enum class set_kind {
  characteristics,
  reviews_photos,
  reviews,
  characteristic_reviews,
  questions,
  answers_photos,
  answers,
};
inline constexpr std::size_t set_count = 7;

enum class column_type {
  id,       // 1 … 2^63−1
  rating,   // 1 … 5
  date,     // a moment, to the millisecond
  boolean,  //
  count,    // 0 … 2^31−1
  text,     //
};

/// A column that is not required has a default: false, 0, empty or none.
struct column {
  std::string_view name;
  column_type type;
  bool required;
};

/// The columns in the order of the published files; the first is always the row's own id.
struct set_shape {
  set_kind kind;
  std::string_view name;  // reviews_photos: its file is reviews_photos.csv
  std::span<const column> columns;
};

const set_shape& shape_of(set_kind kind);

/// Bytes of the shortest row that could be loaded, its line end included: every column that must be there,
/// one byte each where one is enough.
std::size_t shortest_row_bytes(set_kind kind);
std::span<const set_shape, set_count> all_sets();

/// The largest number of columns of any set.
inline constexpr std::size_t columns_max = 12;

}  // namespace atelier::etl
