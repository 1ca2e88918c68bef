#include "etl/record_reader.hpp"

#include <algorithm>
#include <cstring>

namespace atelier::etl {
namespace {

constexpr std::size_t prefix_bytes = 4096;  // kept of a record that is too long
constexpr unsigned no_byte = 256;

inline bool is_line_end(char c) { return c == '\n' || c == '\r'; }

}  // namespace

record_reader::record_reader(byte_source& source, dialect how, encoding stored)
    : source_(source),
      dialect_(std::move(how)),
      stored_(stored),
      quick_(dialect_.delimiter.size() == 1 && !dialect_.escapes_by_sign() &&
             dialect_.delimiter[0] != dialect_.quote && !is_line_end(dialect_.delimiter[0]) &&
             !is_line_end(dialect_.quote)),
      quick_quote_(dialect_.has_quote() ? static_cast<unsigned char>(dialect_.quote) : no_byte),
      buffer_(new char[buffer_bytes + record::padding_bytes]),
      ends_(dialect_.delimiter[0], dialect_.quote, dialect_.has_quote(), buffer_bytes),
      fields_(quick_fields_max) {
  const auto add = [&](char c, int what) {
    classes_[static_cast<unsigned char>(c)] |= static_cast<std::uint8_t>(what);
  };
  add(dialect_.delimiter[0], ends_bare);
  for (const char c : {'\n', '\r'}) add(c, ends_bare | ends_quoted);
  if (dialect_.has_quote()) add(dialect_.quote, ends_bare | ends_quoted);
  if (dialect_.escapes_by_sign()) add(dialect_.escape, ends_quoted);
  for (const char c : {' ', '\t'})
    if (c != dialect_.delimiter[0]) add(c, blank);
}

record_reader::delimiter_here record_reader::delimiter_at(std::size_t at) const {
  const auto& wanted = dialect_.delimiter;
  if (buffer_[at] != wanted[0]) return delimiter_here::no;
  if (wanted.size() == 1) return delimiter_here::yes;
  const auto there = std::min(wanted.size(), filled_ - at);
  if (std::memcmp(buffer_.get() + at, wanted.data(), there) != 0) return delimiter_here::no;
  if (there == wanted.size()) return delimiter_here::yes;
  return ended_ ? delimiter_here::no : delimiter_here::unknown;
}

bool record_reader::fill(failure& problem) {
  if (begin_ >
      0) {  // mostly a part of one record; so the same memory is filled again, while the cache has it
    std::memmove(buffer_.get(), buffer_.get() + begin_, filled_ - begin_);
    filled_ -= begin_;
    at_ -= begin_;
    begin_ = 0;
  }
  const auto space = std::span(buffer_.get() + filled_, std::min(chunk_bytes, buffer_bytes - filled_));
  const auto got = source_.read(space);
  if (!got) {
    problem = got.error();
    return false;
  }
  filled_ += *got;
  ended_ = *got == 0;
  ends_.restart(begin_);
  ends_agree_ = false;
  return true;
}

void record_reader::begin_record() {
  field_count_ = 0;
  record_.fault = record_fault::none;
  record_.has_stray_quote = record_.is_plain = false;
  state_ = state::field_start;
  many_lines_ = false;
  dropped_ = dropped_lines_ = 0;
  dropped_last_ = 0;
}

void record_reader::open_field() {
  field_begin_ = at_ - begin_;
  doubled_ = escaped_ = padded_ = false;
}

void record_reader::close_field(std::size_t end, quoting how) {
  if (dropped_ > 0) return;
  if (field_count_ == fields_.size()) fields_.resize(2 * field_count_);
  fields_[field_count_++] = {static_cast<std::uint32_t>(field_begin_), static_cast<std::uint32_t>(end), how,
                             padded_};
}

// The blanks before `end` stand behind the quote.
void record_reader::close_quoted(std::size_t end) {
  if (dropped_ > 0) return;
  while (buffer_[begin_ + end - 1] != dialect_.quote) --end;
  close_field(end - 1, escaped_ ? quoting::escaped : doubled_ ? quoting::doubled : quoting::quoted);
}

// What comes next begins there.
void record_reader::advance(std::size_t to) {
  offset_ +=
      stored_ == encoding::utf8 ? to - begin_ : stored_bytes({buffer_.get() + begin_, to - begin_}, stored_);
  begin_ = to;
}

std::uint64_t record_reader::lines_within(std::size_t from, std::size_t to) const {
  const std::string_view bytes(buffer_.get() + from, to - from);
  auto lines = static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
  for (auto at = bytes.find('\r'); at != std::string_view::npos; at = bytes.find('\r', at + 1))
    lines += at + 1 == bytes.size() || bytes[at + 1] != '\n';
  return lines;
}

bool record_reader::is_blank_line() const {
  return record_.fields.size() == 1 && record_.fields[0].how == quoting::bare &&
         record_.fault == record_fault::none &&
         std::all_of(record_.raw.begin(), record_.raw.end(), [](char c) { return c == ' ' || c == '\t'; });
}

// The record is begin_ … end; if it ended at a line end, that stands at `end`.
record_reader::step record_reader::end_record(std::size_t end, bool at_line_end) {
  record_.line = line_;
  record_.offset = dropped_ > 0 ? dropped_offset_ : offset_;
  record_.raw = {buffer_.get() + begin_, end - begin_};
  record_.fields = {fields_.data(), field_count_};
  if (record_.fault == record_fault::too_long) record_.raw = prefix_;
  if (many_lines_ || record_.fault != record_fault::none) line_ += lines_within(begin_, end) + dropped_lines_;
  std::size_t next = end;
  if (at_line_end) {
    ++line_;
    ++next;
    if (buffer_[end] == '\r') {
      if (next < filled_ && buffer_[next] == '\n')
        ++next;
      else
        skip_lf_ = next == filled_;
    }
  }
  advance(next);
  at_ = next;
  return step::complete;
}

// A rule about quotes was broken. The record ends at the first line end behind the quote that opened the
// field in question.
record_reader::step record_reader::damage(std::size_t opened) {
  if (record_.fault == record_fault::none) record_.fault = record_fault::bad_quoting;
  // Of all columns it has one more than it may: a quote further back, which seemed to close, swallowed
  // records.
  if (many_lines_ && columns_ > 0 && field_count_ >= columns_ && dropped_ == 0) opened = first_quote_;
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
  const std::size_t limit = std::min(filled_, begin_ + record_bytes_max + 1);
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
          return end_record(at_, true);
        }
        if (is_quote(data[at_])) {
          // Behind a text of many lines this is the sign of a quote that closed by accident.
          if (many_lines_) return damage(lines_quote_);
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
          return end_record(at_, true);
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
      break;
  }
  return end_record(filled_, false);
}

// The next record by the states, blank lines too; false at the end.
result<bool> record_reader::read_carefully() {
  failure problem;
  ends_agree_ = false;
  while (!started_) {
    if (filled_ < 3 && !ended_) {
      if (!fill(problem)) return problem;
      continue;
    }
    started_ = true;
    if (filled_ >= 3 && std::string_view(buffer_.get(), 3) == "\xef\xbb\xbf") {
      advance(3);
      at_ = begin_;
    }
  }
  begin_record();
  for (;;) {
    if (skip_lf_ && begin_ < filled_) {
      skip_lf_ = false;
      if (buffer_[begin_] == '\n') {
        advance(begin_ + 1);
        at_ = begin_;
      }
    }
    if (scan() == step::complete) return true;
    if (at_ - begin_ > record_bytes_max && state_ != state::damaged) {
      if (too_long() == step::complete) return true;
      continue;
    }
    if (state_ == state::damaged && at_ - begin_ > record_bytes_max) {
      (void)too_long();
      damage_seek_ = 0;
    }
    if (ended_) {
      if (filled_ == begin_ && dropped_ == 0 && field_count_ == 0) return false;
      if (at_ < filled_) continue;  // what could have been a delimiter is none
      (void)finish_at_end();
      return true;
    }
    if (!fill(problem)) return problem;
  }
}

result<const record*> record_reader::next() {
  for (record_.follows_blank_line = false;; record_.follows_blank_line = true) {
    if (!quick_ || !started_ || skip_lf_ || !take_quickly()) {
      const auto read = read_carefully();
      if (!read) return read.error();
      if (!*read) return static_cast<const record*>(nullptr);
    }
    if (!is_blank_line()) return static_cast<const record*>(&record_);
  }
}

}  // namespace atelier::etl
