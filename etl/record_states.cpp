// The careful way of the record reader: a state a byte, and every rule.
#include "etl/record_reader.hpp"

#include <algorithm>

namespace atelier::etl {
namespace {

constexpr std::size_t prefix_bytes = 4096;  // kept of a record that is too long

inline bool is_line_end(char c) { return c == '\n' || c == '\r'; }

}  // namespace

// A rule about quotes was broken. The record ends at the first line end behind the quote that opened the
// field in question, or an earlier one that did not end.
record_reader::step record_reader::damage(std::size_t opened) {
  if (record_.fault == record_fault::none) record_.fault = record_fault::bad_quoting;
  state_ = state::damaged;
  damage_seek_ = dropped_ > 0 ? at_ - begin_ : unterminated_quote().value_or(opened);
  return find_damaged_end();
}

// The quote that did not end, though a field seems to end there: what closed it opens a field further down.
// Asked only where something else is wrong with the record, since a good text may look like that.
std::optional<std::size_t> record_reader::unterminated_quote() const {
  if (!many_lines_ || dropped_ > 0) return std::nullopt;
  const std::string_view seen(buffer_.get() + begin_, at_ - begin_);
  std::size_t line_end = 0;  // looked for once for all fields before it
  for (std::size_t i = 0; i < field_count_; ++i) {
    const auto& f = fields_[i];
    if (f.begin > line_end || i == 0) line_end = seen.find_first_of("\r\n", f.begin);
    if (line_end < f.end && f.how != quoting::bare && closed_by_accident(i, line_end)) return f.begin - 1;
  }
  return std::nullopt;
}

// Quotes tell: an end stands behind text, a beginning behind a delimiter. So this field's last quote, behind
// a delimiter, may be a beginning, and is one if the next quote is an end. Lines within prove nothing, since
// a text may hold any; where there are some, or the next quote may be either too, the line where the text
// begins or that where it ends must be a row.
bool record_reader::closed_by_accident(std::size_t index, std::size_t line_end) const {
  const std::string_view seen(buffer_.get() + begin_, at_ - begin_);
  const auto& f = fields_[index];
  const auto closing = next_lone_quote(seen, f.begin, dialect_);
  if (!closing || !closing->may_open) return false;
  const auto next = next_lone_quote(seen, closing->end, dialect_);
  if (!next || !next->may_close) return false;
  if (next->may_open && (columns_ == 0 || field_count_ < columns_)) return false;
  const auto second_line = seen.find_first_not_of("\r\n", line_end);
  const bool has_whole_lines = seen.find_first_of("\r\n", second_line) < f.end;
  if (!next->may_open && !has_whole_lines) return true;
  const auto last_line = seen.substr(seen.find_last_of("\r\n", f.end) + 1);
  return first_line_is_row(index, f.begin) || columns_of_line(last_line, dialect_) == columns_;
}

// The first line of a text that begins there in this field has all columns of a row, if its quote is none.
bool record_reader::first_line_is_row(std::size_t index, std::size_t begin) const {
  const std::string_view all(buffer_.get() + begin_, at_ - begin_);
  const auto line = all.substr(begin, all.find_first_of("\r\n", begin) - begin);
  std::size_t columns = index + 1;
  for (auto at = line.find(dialect_.delimiter); at != std::string_view::npos;
       at = line.find(dialect_.delimiter, at + dialect_.delimiter.size()))
    ++columns;
  return columns >= columns_;
}

record_reader::step record_reader::find_damaged_end() {
  const auto* from = buffer_.get() + begin_ + damage_seek_;
  const auto* to = buffer_.get() + filled_;
  const auto* found = std::find_if(from, to, is_line_end);
  if (found != to) return end_record(static_cast<std::size_t>(found - buffer_.get()), true);
  at_ = filled_;
  damage_seek_ = filled_ - begin_;
  return step::more;
}

// The quoted text under way has more than a record may have, and one of its first lines is a row: either its
// quote did not end and swallowed good lines, or it is a long text.
bool record_reader::may_have_swallowed_rows() const {
  if (state_ != state::quoted || dropped_ > 0 || columns_ == 0) return false;
  const std::string_view all(buffer_.get() + begin_, at_ - begin_);
  auto end = all.find_first_of("\r\n", open_quote_);
  for (int lines = 0; lines < 3 && end != std::string_view::npos; ++lines) {
    const auto start = all.find_first_not_of("\r\n", end);
    if (start == std::string_view::npos) return false;
    end = all.find_first_of("\r\n", start);
    if (end != std::string_view::npos &&
        columns_of_line(all.substr(start, end - start), dialect_) == columns_)
      return true;
  }
  return false;
}

// Such a text tells by its next quote, if that is not too far away.
bool record_reader::must_look_ahead() const {
  return !ended_ && filled_ - begin_ < bytes_max_ + ahead_bytes_max && may_have_swallowed_rows();
}

bool record_reader::ends_ahead() const {
  const std::string_view all(buffer_.get() + begin_,
                             std::min(filled_ - begin_, bytes_max_ + ahead_bytes_max));
  const auto next = next_lone_quote(all, at_ - begin_, dialect_);
  if (!next || !next->may_close) return false;
  return !next->may_open || !first_line_is_row(field_count_, field_begin_);
}

// More than a record may have.
record_reader::step record_reader::too_long() {
  if (const auto opened = unterminated_quote()) return damage(*opened);
  if (may_have_swallowed_rows() && !ends_ahead()) return damage(open_quote_);
  if (dropped_ == 0) prefix_.assign(buffer_.get() + begin_, prefix_bytes);
  record_.fault = record_fault::too_long;
  const std::size_t size = at_ - begin_;
  dropped_lines_ += lines_within(begin_, at_);
  if (dropped_last_ == '\r' && buffer_[begin_] == '\n') --dropped_lines_;
  dropped_last_ = buffer_[at_ - 1];
  if (dropped_ == 0) dropped_offset_ = offset_;
  dropped_ += size;
  advance(at_);
  field_begin_ = open_quote_ = damage_seek_ = 0;
  return step::more;
}

record_reader::step record_reader::scan() {
  const char* const data = buffer_.get();
  const auto is_quote = [&](char c) { return dialect_.has_quote() && c == dialect_.quote; };
  // Never further than a record may reach, so that the verdict does not depend on how much has arrived.
  const std::size_t limit = std::min(filled_, begin_ + bytes_max_ + 1);
  while (at_ < limit) {
    const char c = data[at_];
    switch (state_) {
      case state::field_start:
        open_field();
        if (is_quote(c)) {
          open_quote_ = field_begin_;
          ++field_begin_;
          ++at_;
          state_ = state::quoted;
        } else if (is(c, blank)) {
          state_ = state::blank_before;
        } else {
          state_ = state::bare;
        }
        break;
      case state::blank_before:
        if (is_quote(c)) {
          open_quote_ = at_ - begin_;
          field_begin_ = open_quote_ + 1;
          padded_ = true;
          ++at_;
          state_ = state::quoted;
        } else if (is(c, blank)) {
          ++at_;
        } else {
          state_ = state::bare;
        }
        break;
      case state::bare:
        while (at_ < limit && !is(data[at_], ends_bare)) ++at_;
        if (at_ == limit) break;
        if (is_line_end(data[at_])) {
          close_field(at_ - begin_, quoting::bare);
          return end_unless_unterminated(at_, true);
        }
        if (is_quote(data[at_])) {
          record_.has_stray_quote = true;
          ++at_;
          break;
        }
        switch (delimiter_at(at_)) {
          case delimiter_here::unknown:
            return step::more;
          case delimiter_here::no:
            ++at_;
            break;
          case delimiter_here::yes:
            close_field(at_ - begin_, quoting::bare);
            at_ += dialect_.delimiter.size();
            state_ = state::field_start;
        }
        break;
      case state::quoted:
        while (at_ < limit && !is(data[at_], ends_quoted)) ++at_;
        if (at_ == limit) break;
        if (is_quote(data[at_])) {
          state_ = state::quote_seen;
        } else if (is_line_end(data[at_])) {
          many_lines_ = true;
        } else {
          escaped_ = true;
          state_ = state::escaped;
        }
        ++at_;
        break;
      case state::escaped:
        state_ = state::quoted;
        if (!is_line_end(c)) ++at_;
        break;
      case state::quote_seen:
        if (is_quote(c)) {
          doubled_ = true;
          ++at_;
          state_ = state::quoted;
          break;
        }
        [[fallthrough]];
      case state::blank_behind: {
        const auto delimiter = is_line_end(c) ? delimiter_here::no : delimiter_at(at_);
        if (delimiter == delimiter_here::unknown) return step::more;
        if (is_line_end(c)) {
          close_quoted(at_ - begin_);
          return end_unless_unterminated(at_, true);
        }
        if (delimiter == delimiter_here::yes) {
          close_quoted(at_ - begin_);
          at_ += dialect_.delimiter.size();
          state_ = state::field_start;
        } else if (is(c, blank)) {
          padded_ = true;
          ++at_;
          state_ = state::blank_behind;
        } else {
          return damage(open_quote_);
        }
        break;
      }
      case state::damaged:
        return find_damaged_end();
    }
  }
  return step::more;
}

// A quote in a bare field, in a record that has not its columns, may be the end of a quoted field.
record_reader::step record_reader::end_unless_unterminated(std::size_t end, bool at_line_end) {
  if (record_.has_stray_quote && field_count_ != columns_)
    if (const auto opened = unterminated_quote()) return damage(*opened);
  return end_record(end, at_line_end);
}

// The source has ended in the middle of a record, or right behind one.
record_reader::step record_reader::finish_at_end() {
  switch (state_) {
    case state::field_start:
      open_field();
      [[fallthrough]];
    case state::blank_before:
    case state::bare:
      close_field(filled_ - begin_, quoting::bare);
      break;
    case state::quote_seen:
    case state::blank_behind:
      close_quoted(filled_ - begin_);
      break;
    case state::quoted:
    case state::escaped:
      if (damage(open_quote_) == step::complete) return step::complete;
      break;
    case state::damaged:
      return end_record(filled_, false);
  }
  return end_unless_unterminated(filled_, false);
}

}  // namespace atelier::etl
