#include "etl/table_rows.hpp"

namespace atelier::etl {

void table_rows::add(cells row, bool follows_blank_line) {
  const bool is_usual_at_last = may_be_early_ && row.size() == usual_width_;
  const bool is_set_apart = follows_blank_line && row.size() > 1 && (row.size() != width_ || !has_begun_);
  if (is_usual_at_last || is_set_apart) {
    give_out(has_begun_);
    width_ = row.size();
    may_be_early_ = false;
  }
  if (row.size() == width_) {
    give_out(true);
    out_(row);
    has_begun_ = true;
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
