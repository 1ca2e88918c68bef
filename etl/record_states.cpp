// The careful way of the record reader: a state a byte, and every rule.
#include "etl/record_reader.hpp"

#include <algorithm>

namespace atelier::etl {
namespace {

constexpr std::size_t prefix_bytes = 4096;  // kept of a record that is too long

inline bool is_line_end(char c) { return c == '\n' || c == '\r'; }

}  // namespace

// A rule about quotes was broken. The record ends at the first line end behind the quote that opened the
// field in question.
record_reader::step record_reader::damage(std::size_t opened) {
  if (record_.fault == record_fault::none) record_.fault = record_fault::bad_quoting;
  if (suspect_quote_) {
    opened = *suspect_quote_;
  } else if (many_lines_ && columns_ > 0 && field_count_ >= columns_ && dropped_ == 0) {
    // Of all columns it has one more than it may: a quote further back, which seemed to close, swallowed
    // records.
    opened = first_quote_;
  }
  state_ = state::damaged;
  damage_seek_ = dropped_ > 0 ? at_ - begin_ : opened;
  return find_damaged_end();
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

// More than a record may have, and no end in sight: an unterminated quote that swallowed good lines, or
// really that long.
record_reader::step record_reader::too_long() {
  if (suspect_quote_) return damage(*suspect_quote_);
  if (state_ == state::quoted && dropped_ == 0) {
    const std::string_view all(buffer_.get() + begin_, at_ - begin_);
    auto end = all.find_first_of("\r\n", open_quote_);
    for (int lines = 0; lines < 3 && end != std::string_view::npos; ++lines) {
      const auto start = all.find_first_not_of("\r\n", end);
      if (start == std::string_view::npos) break;
      end = all.find_first_of("\r\n", start);
      if (end != std::string_view::npos && columns_ > 0 &&
          columns_of_line(all.substr(start, end - start), dialect_) == columns_)
        return damage(open_quote_);
    }
  }
  if (dropped_ == 0) prefix_.assign(buffer_.get() + begin_, prefix_bytes);
  record_.fault = record_fault::too_long;
  const std::size_t size = at_ - begin_;
  dropped_lines_ += lines_within(begin_, at_);
  if (dropped_last_ == '\r' && buffer_[begin_] == '\n') --dropped_lines_;
  dropped_last_ = buffer_[at_ - 1];
  if (dropped_ == 0) dropped_offset_ = offset_;
  dropped_ += size;
  advance(at_);
  field_begin_ = open_quote_ = first_quote_ = lines_quote_ = damage_seek_ = 0;
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
          return end_unless_suspect(at_, true);
        }
        if (is_quote(data[at_])) {
          // Behind a text of many lines this is the sign of a quote that closed by accident; where all
          // columns turn out to be there, it is none.
          if (many_lines_ && !suspect_quote_) {
            if (field_count_ >= columns_ || dropped_ > 0) return damage(lines_quote_);
            suspect_quote_ = lines_quote_;
          }
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
          if (!many_lines_) first_quote_ = open_quote_;
          many_lines_ = true;
          lines_quote_ = open_quote_;
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
          return end_unless_suspect(at_, true);
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

record_reader::step record_reader::end_unless_suspect(std::size_t end, bool at_line_end) {
  if (suspect_quote_ && field_count_ != columns_) return damage(*suspect_quote_);
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
  return end_unless_suspect(filled_, false);
}

}  // namespace atelier::etl
