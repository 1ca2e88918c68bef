// Rows of which the short ones are padded, unless they are another table's.
#pragma once

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
      : out_(std::move(out)), width_(width) {}

  void add(cells row, bool follows_blank_line);
  /// Gives out what is held back.
  void finish();

 private:
  void give_out(bool padded);

  std::function<void(const cells&)> out_;
  std::size_t width_;
  std::vector<cells> held_;
};

}  // namespace atelier::etl
