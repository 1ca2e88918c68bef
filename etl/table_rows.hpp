// Rows of which the short ones are padded, unless they are another table's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace atelier::etl {

/// Gives out the rows of a file in their order, each as it is or padded to the width of its table. Rows of
/// another width are held back until so many came one behind the other that they are another table, and never
/// more.
class table_rows {
 public:
  using cells = std::vector<std::string>;
  static constexpr std::size_t another_table_rows = 3;  // of one other width

  table_rows(std::function<void(const cells&)> out, std::size_t width)
      : out_(std::move(out)), usual_width_(width), width_(width) {}

  /// A header came before, so wide. If that is narrower, a table of its own may stand before the first row of
  /// the width.
  void follow(std::size_t header_width) {
    width_ = std::min(header_width, usual_width_);
    has_begun_ = true;
    may_be_early_ = width_ < usual_width_;
  }
  void add(cells row, bool follows_blank_line);
  /// Gives out what is held back.
  void finish();

 private:
  void give_out(bool padded);

  std::function<void(const cells&)> out_;
  const std::size_t usual_width_;
  std::size_t width_;          // of the table that we are in
  bool has_begun_ = false;     // it had its header or a row of that width
  bool may_be_early_ = false;  // that one is narrower than usual, and nothing else came yet
  std::vector<cells> held_;
};

}  // namespace atelier::etl
