#include "etl/read_table.hpp"

#include "core/log.hpp"
#include "etl/mend.hpp"
#include "etl/places.hpp"
#include "etl/record_reader.hpp"

#include <algorithm>
#include <vector>

namespace atelier::etl {
namespace {

constexpr std::size_t look_bytes = 1 << 20;    // of the beginning, that tell what is not given
constexpr std::size_t out_bytes = 64 << 10;    // written at a time
constexpr std::size_t another_table_rows = 3;  // of one other width, one behind the other: another table

using cells = std::vector<std::string>;

class table_writer {
 public:
  explicit table_writer(const std::function<bool(std::string_view)>& out) : out_(out) {}

  void write(const cells& row) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) text_ += ',';
      const auto& cell = row[i];
      const bool quoted = cell.find_first_of(",\"\r\n") != std::string::npos ||
                          (row.size() == 1 && cell.empty()) ||
                          (!cell.empty() && (cell.front() == ' ' || cell.back() == ' '));
      if (!quoted) {
        text_ += cell;
        continue;
      }
      text_ += '"';
      for (const char c : cell) text_.append(c == '"' ? 2 : 1, c);
      text_ += '"';
    }
    text_ += '\n';
    if (text_.size() >= out_bytes) flush();
  }
  bool flush() {
    good_ = good_ && (text_.empty() || out_(text_));
    text_.clear();
    return good_;
  }

 private:
  const std::function<bool(std::string_view)>& out_;
  std::string text_;
  bool good_ = true;
};

// Pads what is short in its table; a few rows of another width are held back until it is known whether they
// are the beginning of another table.
class table_rows {
 public:
  table_rows(table_writer& out, std::size_t width) : out_(out), width_(width) {}

  void add(cells row, bool follows_blank_line) {
    if (follows_blank_line && row.size() != width_ && row.size() > 1) {
      give_out(true);
      width_ = row.size();
    }
    if (row.size() == width_) {
      give_out(true);
      out_.write(row);
      return;
    }
    if (!held_.empty() && held_.back().size() != row.size()) give_out(true);
    held_.push_back(std::move(row));
    if (held_.size() == another_table_rows && held_.back().size() > 1) {
      width_ = held_.back().size();
      give_out(false);
    }
  }
  void finish() { give_out(true); }

 private:
  void give_out(bool padded) {
    for (auto& row : held_) {
      if (padded && row.size() < width_) row.resize(width_);
      out_.write(row);
    }
    held_.clear();
  }

  table_writer& out_;
  std::size_t width_;
  std::vector<cells> held_;
};

// How many bytes the first lines take.
std::size_t bytes_of_lines(std::string_view text, std::size_t lines) {
  std::size_t at = 0;
  for (; lines > 0 && at < text.size(); --lines) {
    at = std::min(text.find_first_of("\r\n", at), text.size());
    if (at + 1 < text.size() && text[at] == '\r' && text[at + 1] == '\n') ++at;
    at = std::min(at + 1, text.size());
  }
  return at;
}

cells joined(const std::vector<cells>& lines) {
  cells all;
  for (const auto& line : lines) {
    all.resize(std::max(all.size(), line.size()));
    for (std::size_t i = 0; i < line.size(); ++i)
      if (!line[i].empty()) all[i] += (all[i].empty() ? "" : " ") + line[i];
  }
  return all;
}

}  // namespace

result<> read_table(const read_options& options, const std::function<bool(std::string_view)>& out) {
  const auto named = find_place(options.file, options.member);
  if (!named) return named.error();
  auto opened = open_place(*named, false);
  if (!opened) return opened.error();
  auto& content = (*opened)->content();
  std::string raw(look_bytes, '\0');
  const auto got = read_fully(content, raw);
  if (!got) return got.error();
  raw.resize(*got);
  const auto stored = options.stored.value_or(detect_encoding(raw));
  replayed_source whole(std::move(raw), content);
  recoded_source recoded(whole, stored);

  std::string text(look_bytes, '\0');
  const auto decoded = read_fully(recoded, text);
  if (!decoded) return decoded.error();
  text.resize(*decoded);
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  text.erase(0, bytes_of_lines(text, options.skip_lines.value_or(0)));
  const auto written = detect_dialect(text, options.written);
  auto shape = detect_shape(text, written, !options.header_lines);
  if (options.skip_lines) shape.skip_records = 0;
  if (options.header_lines) shape.header_records = *options.header_lines;
  if (shape.skip_records > 0)
    log::info("left out before the table file={} records={}", named->shown, shape.skip_records);

  replayed_source rest(std::move(text), recoded);
  record_reader reader(rest, written);
  table_writer writer(out);
  table_rows rows(writer, shape.width);
  std::vector<cells> header;
  for (std::size_t seen = 0;; ++seen) {
    const auto next = reader.next();
    if (!next) return next.error();
    if (!*next) break;
    if (seen < shape.skip_records) continue;
    reader.expect_columns(shape.width);
    auto row = cells_of(**next, written, shape.width);
    if (seen < shape.skip_records + shape.header_records) {
      header.push_back(std::move(row));
      if (header.size() == shape.header_records) writer.write(joined(header));
      continue;
    }
    rows.add(std::move(row), (*next)->follows_blank_line);
  }
  if (header.size() < shape.header_records && !header.empty()) writer.write(joined(header));
  rows.finish();
  if (!writer.flush())
    return fail(
        "the table cannot be written to standard output: its reader has gone, or its disk is full; make room "
        "and start again");
  return {};
}

}  // namespace atelier::etl
