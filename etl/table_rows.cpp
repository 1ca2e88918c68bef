#include "etl/table_rows.hpp"

namespace atelier::etl {

void table_rows::add(cells row, bool follows_blank_line) {
  if (follows_blank_line && row.size() != width_ && row.size() > 1) {
    give_out(true);
    width_ = row.size();
  }
  if (row.size() == width_) {
    give_out(true);
    out_(row);
    return;
  }
  if (!held_.empty() && held_.back().size() != row.size()) give_out(true);
  held_.push_back(std::move(row));
  if (held_.size() < another_table_rows) return;
  const bool is_table = held_.back().size() > 1;  // lines of one cell are remarks, however many
  if (is_table) width_ = held_.back().size();
  give_out(!is_table);
}

void table_rows::finish() { give_out(true); }

void table_rows::give_out(bool padded) {
  for (auto& row : held_) {
    if (padded && row.size() < width_) row.resize(width_);
    out_(row);
  }
  held_.clear();
}

}  // namespace atelier::etl
