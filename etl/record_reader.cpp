#include "etl/record_reader.hpp"

#include <algorithm>
#include <cstring>

namespace atelier::etl {
namespace {

constexpr char delimiter = ',';
constexpr char quote = '"';
constexpr std::size_t prefix_bytes = 4096;  // kept of a record that is too long

// What a byte may mean to the reader. Inside a bare or a quoted field, bytes of no class are passed over in a
// tight loop.
enum byte_class : std::uint8_t { plain = 0, ends_bare = 1, ends_quoted = 2 };

constexpr auto classes = [] {
  std::array<std::uint8_t, 256> table{};
  table[static_cast<unsigned char>(delimiter)] = ends_bare;
  table['\n'] = table['\r'] = ends_bare | ends_quoted;
  table[static_cast<unsigned char>(quote)] = ends_bare | ends_quoted;
  return table;
}();

inline bool is(char c, byte_class wanted) { return (classes[static_cast<unsigned char>(c)] & wanted) != 0; }
inline bool is_blank(char c) { return c == ' ' || c == '\t'; }
inline bool is_line_end(char c) { return c == '\n' || c == '\r'; }

// Columns of one line; 0 if its quotes break the rules.
std::size_t columns_of_line(std::string_view line) {
  std::size_t columns = 1;
  for (std::size_t at = 0; at < line.size();) {
    if (line[at] == quote) {
      do {
        at = line.find(quote, at + 1);
        if (at == std::string_view::npos) return 0;
        ++at;
      } while (at < line.size() && line[at] == quote);
      if (at < line.size() && line[at] != delimiter) return 0;
    } else {
      at = std::min(line.find(delimiter, at), line.size());
    }
    if (at < line.size()) {
      ++columns;
      ++at;
    }
  }
  return columns;
}

}  // namespace

record_reader::record_reader(byte_source& source)
    : source_(source), buffer_(record_bytes_max + 2 * chunk_bytes) {
  record_.fields.reserve(64);
}

bool record_reader::fill(failure& problem) {
  if (begin_ > 0 && buffer_.size() - filled_ < chunk_bytes) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, filled_ - begin_);
    filled_ -= begin_;
    at_ -= begin_;
    begin_ = 0;
  }
  const auto space = std::span(buffer_).subspan(filled_, std::min(chunk_bytes, buffer_.size() - filled_));
  const auto got = source_.read(space);
  if (!got) {
    problem = got.error();
    return false;
  }
  filled_ += *got;
  ended_ = *got == 0;
  return true;
}

void record_reader::begin_record() {
  record_.fields.clear();
  record_.fault = record_fault::none;
  record_.has_stray_quote = false;
  state_ = state::field_start;
  many_lines_ = false;
  dropped_ = dropped_lines_ = 0;
  dropped_last_ = 0;
}

void record_reader::open_field() {
  field_begin_ = at_ - begin_;
  doubled_ = padded_ = false;
}

void record_reader::close_field(std::size_t end, quoting how) {
  if (dropped_ == 0)
    record_.fields.push_back(
        {static_cast<std::uint32_t>(field_begin_), static_cast<std::uint32_t>(end), how, padded_});
}

// The blanks before `end` stand behind the quote.
void record_reader::close_quoted(std::size_t end) {
  if (dropped_ > 0) return;
  while (buffer_[begin_ + end - 1] != quote) --end;
  close_field(end - 1, doubled_ ? quoting::doubled : quoting::quoted);
}

std::uint64_t record_reader::lines_within(std::size_t from, std::size_t to) const {
  std::uint64_t lines = 0;
  for (std::size_t i = from; i < to; ++i) {
    if (buffer_[i] == '\n') ++lines;
    if (buffer_[i] == '\r' && (i + 1 == to || buffer_[i + 1] != '\n')) ++lines;
  }
  return lines;
}

bool record_reader::is_blank_line() const {
  return record_.fields.size() == 1 && record_.fields[0].how == quoting::bare &&
         record_.fault == record_fault::none && std::all_of(record_.raw.begin(), record_.raw.end(), is_blank);
}

// The record is begin_ … end; if it ended at a line end, that stands at `end`.
record_reader::step record_reader::end_record(std::size_t end, bool at_line_end) {
  record_.line = line_;
  record_.offset = offset_ - dropped_;
  record_.raw = {buffer_.data() + begin_, end - begin_};
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
  offset_ += next - begin_;
  begin_ = at_ = next;
  return step::complete;
}

// A rule about quotes was broken. The record ends at the first line end behind the quote that opened the
// field in question.
record_reader::step record_reader::damage(std::size_t opened) {
  if (record_.fault == record_fault::none) record_.fault = record_fault::bad_quoting;
  state_ = state::damaged;
  damage_seek_ = dropped_ > 0 ? at_ - begin_ : opened;
  return find_damaged_end();
}

record_reader::step record_reader::find_damaged_end() {
  const auto* from = buffer_.data() + begin_ + damage_seek_;
  const auto* to = buffer_.data() + filled_;
  const auto* found = std::find_if(from, to, is_line_end);
  if (found != to) return end_record(static_cast<std::size_t>(found - buffer_.data()), true);
  at_ = filled_;
  damage_seek_ = filled_ - begin_;
  return step::more;
}

// More than a record may have, and no end in sight: an unterminated quote that swallowed good lines, or
// really that long.
record_reader::step record_reader::too_long() {
  if (state_ == state::quoted && dropped_ == 0) {
    const std::string_view all(buffer_.data() + begin_, at_ - begin_);
    auto end = all.find_first_of("\r\n", open_quote_);
    for (int lines = 0; lines < 3 && end != std::string_view::npos; ++lines) {
      const auto start = all.find_first_not_of("\r\n", end);
      if (start == std::string_view::npos) break;
      end = all.find_first_of("\r\n", start);
      if (end != std::string_view::npos && columns_ > 0 &&
          columns_of_line(all.substr(start, end - start)) == columns_)
        return damage(open_quote_);
    }
  }
  if (dropped_ == 0) prefix_.assign(buffer_.data() + begin_, prefix_bytes);
  record_.fault = record_fault::too_long;
  const std::size_t size = at_ - begin_;
  dropped_lines_ += lines_within(begin_, at_);
  if (dropped_last_ == '\r' && buffer_[begin_] == '\n') --dropped_lines_;
  dropped_last_ = buffer_[at_ - 1];
  dropped_ += size;
  offset_ += size;
  begin_ = at_;
  field_begin_ = open_quote_ = lines_quote_ = damage_seek_ = 0;
  return step::more;
}

record_reader::step record_reader::scan() {
  const char* const data = buffer_.data();
  // Never further than a record may reach, so that the verdict does not depend on how much has arrived.
  const std::size_t limit = std::min(filled_, begin_ + record_bytes_max + 1);
  while (at_ < limit) {
    const char c = data[at_];
    switch (state_) {
      case state::field_start:
        open_field();
        if (c == quote) {
          open_quote_ = field_begin_;
          ++field_begin_;
          ++at_;
          state_ = state::quoted;
        } else if (is_blank(c)) {
          state_ = state::blank_before;
        } else {
          state_ = state::bare;
        }
        break;
      case state::blank_before:
        if (c == quote) {
          open_quote_ = at_ - begin_;
          field_begin_ = open_quote_ + 1;
          padded_ = true;
          ++at_;
          state_ = state::quoted;
        } else if (is_blank(c)) {
          ++at_;
        } else {
          state_ = state::bare;
        }
        break;
      case state::bare:
        while (at_ < limit && !is(data[at_], ends_bare)) ++at_;
        if (at_ == limit) break;
        if (data[at_] == delimiter) {
          close_field(at_ - begin_, quoting::bare);
          ++at_;
          state_ = state::field_start;
        } else if (data[at_] == quote) {
          // Behind a text of many lines this is the sign of a quote that closed by accident.
          if (many_lines_) return damage(lines_quote_);
          record_.has_stray_quote = true;
          ++at_;
        } else {
          close_field(at_ - begin_, quoting::bare);
          return end_record(at_, true);
        }
        break;
      case state::quoted:
        while (at_ < limit && !is(data[at_], ends_quoted)) ++at_;
        if (at_ == limit) break;
        if (data[at_] == quote) {
          state_ = state::quote_seen;
        } else {
          many_lines_ = true;
          lines_quote_ = open_quote_;
        }
        ++at_;
        break;
      case state::quote_seen:
        if (c == quote) {
          doubled_ = true;
          ++at_;
          state_ = state::quoted;
          break;
        }
        [[fallthrough]];
      case state::blank_behind:
        if (c == delimiter || is_line_end(c)) {
          close_quoted(at_ - begin_);
          if (c != delimiter) return end_record(at_, true);
          ++at_;
          state_ = state::field_start;
        } else if (is_blank(c)) {
          padded_ = true;
          ++at_;
          state_ = state::blank_behind;
        } else {
          return damage(open_quote_);
        }
        break;
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
      if (damage(open_quote_) == step::complete) return step::complete;
      break;
    case state::damaged:
      break;
  }
  return end_record(filled_, false);
}

result<const record*> record_reader::next() {
  if (again_) {
    again_ = false;
    return &record_;
  }
  failure problem;
  while (!started_) {
    if (filled_ < 3 && !ended_) {
      if (!fill(problem)) return problem;
      continue;
    }
    started_ = true;
    if (filled_ >= 3 && std::string_view(buffer_.data(), 3) == "\xef\xbb\xbf") begin_ = at_ = offset_ = 3;
  }
  for (;;) {
    begin_record();
    for (;;) {
      if (skip_lf_ && begin_ < filled_) {
        skip_lf_ = false;
        if (buffer_[begin_] == '\n') {
          ++begin_;
          ++offset_;
          at_ = begin_;
        }
      }
      if (scan() == step::complete) break;
      if (at_ - begin_ > record_bytes_max && state_ != state::damaged) {
        if (too_long() == step::complete) break;
        continue;
      }
      if (state_ == state::damaged && at_ - begin_ > record_bytes_max) {
        (void)too_long();
        damage_seek_ = 0;
      }
      if (ended_) {
        if (filled_ == begin_ && dropped_ == 0 && record_.fields.empty())
          return static_cast<const record*>(nullptr);
        (void)finish_at_end();
        break;
      }
      if (!fill(problem)) return problem;
    }
    if (!is_blank_line()) return static_cast<const record*>(&record_);
  }
}

}  // namespace atelier::etl
