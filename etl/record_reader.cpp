#include "etl/record_reader.hpp"

#include <algorithm>
#include <cstring>

namespace atelier::etl {
namespace {

constexpr unsigned no_byte = 256;

inline bool is_line_end(char c) { return c == '\n' || c == '\r'; }

}  // namespace

record_reader::record_reader(byte_source& source, dialect how, std::size_t bytes_max)
    : source_(source),
      dialect_(std::move(how)),
      stored_(source.stored_as()),
      quick_(dialect_.delimiter.size() == 1 && !dialect_.escapes_by_sign() &&
             dialect_.delimiter[0] != dialect_.quote && !is_line_end(dialect_.delimiter[0]) &&
             !is_line_end(dialect_.quote)),
      quick_quote_(dialect_.has_quote() ? static_cast<unsigned char>(dialect_.quote) : no_byte),
      bytes_max_(bytes_max),
      buffer_bytes_(bytes_max + ahead_bytes_max + 2 * chunk_bytes),
      buffer_(new char[buffer_bytes_ + record::padding_bytes]),
      ends_(dialect_.delimiter[0], dialect_.quote, dialect_.has_quote(), buffer_bytes_),
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
  const auto space = std::span(buffer_.get() + filled_, std::min(chunk_bytes, buffer_bytes_ - filled_));
  const auto got = source_.read(space);
  if (!got) {
    problem = got.error();
    return false;
  }
  stored_ = source_.stored_as();
  filled_ += *got;
  ended_ = *got == 0;
  ends_.restart(begin_);
  return true;
}

void record_reader::begin_record() {
  field_count_ = 0;
  record_.fault = record_fault::none;
  record_.has_stray_quote = record_.is_text = false;
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
  offset_ += is_utf8(stored_) ? to - begin_ : stored_bytes({buffer_.get() + begin_, to - begin_}, stored_);
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

// The next record by the states, blank lines too; false at the end.
result<bool> record_reader::read_carefully() {
  failure problem;
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
    if (at_ - begin_ > bytes_max_ && state_ != state::damaged) {
      if (must_look_ahead()) {
        if (!fill(problem)) return problem;
      } else if (too_long() == step::complete) {
        return true;
      }
      continue;
    }
    if (state_ == state::damaged && at_ - begin_ > bytes_max_) {
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
