#include "etl/read_table.hpp"

#include "core/log.hpp"
#include "etl/mend.hpp"
#include "etl/places.hpp"
#include "etl/record_reader.hpp"
#include "etl/table_rows.hpp"
#include "etl/unpack.hpp"

#include <algorithm>
#include <vector>

namespace atelier::etl {
namespace {

constexpr std::size_t look_bytes = 1 << 20;  // of the beginning, that tell what is not given
constexpr std::size_t out_bytes = 64 << 10;  // written at a time
constexpr std::size_t megabyte = 1 << 20;
constexpr std::size_t longest_bytes = 16 * megabyte;  // of a record; a longer one is left out

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
    replaced_ += make_utf8(text_);
    good_ = good_ && (text_.empty() || out_(text_));
    text_.clear();
    return good_;
  }
  // How often something was no UTF-8.
  std::size_t replaced() const { return replaced_; }

 private:
  const std::function<bool(std::string_view)>& out_;
  std::string text_;
  std::size_t replaced_ = 0;
  bool good_ = true;
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
  const auto stored = by_mark(options.stored.value_or(detect_encoding(raw, raw.size() == look_bytes)), raw);
  if (const auto kind = options.stored || is_utf16(stored) ? "" : binary_kind(raw); !kind.empty())
    return fail("'{}' is no text but {}: unpack it, or say --encoding if it is one", named->shown, kind);
  replayed_source whole(std::move(raw), content);
  recoded_source recoded(whole, stored);

  std::string text(look_bytes, '\0');
  const auto decoded = read_fully(recoded, text);
  if (!decoded) return decoded.error();
  text.resize(*decoded);
  const std::size_t mark = text.starts_with("\xef\xbb\xbf") ? 3 : 0;
  const auto skipped_lines = options.skip_lines.value_or(0);
  const auto skipped = mark + bytes_of_lines(std::string_view(text).substr(mark), skipped_lines);
  const auto begins_at = stored_bytes(std::string_view(text).substr(0, skipped), stored);
  text.erase(0, skipped);
  const auto written = detect_dialect(text, options.written);
  auto shape = detect_shape(text, written, !options.header_lines);
  if (options.skip_lines) shape.skip_records = 0;
  if (options.header_lines) shape.header_records = *options.header_lines;
  if (shape.skip_records > 0)
    log::info("left out before the table file={} records={}", named->shown, shape.skip_records);

  replayed_source rest(std::move(text), recoded);
  record_reader reader(rest, written, longest_bytes);
  table_writer writer(out);
  table_rows rows([&](const cells& row) { writer.write(row); }, shape.width);
  std::vector<cells> header;
  std::size_t left_out = 0;
  for (std::size_t seen = 0;; ++seen) {
    const auto next = reader.next();
    if (!next) return next.error();
    if (!*next) break;
    if (seen < shape.skip_records) continue;
    reader.expect_columns(shape.width);
    const record& r = **next;
    if (r.fault == record_fault::too_long) {
      log::warning("left out: a record of more than {} MB file={} line={} offset={}",
                   longest_bytes / megabyte, named->shown, skipped_lines + r.line, begins_at + r.offset);
      ++left_out;
      continue;
    }
    auto row = cells_of(r, written, shape.width);
    if (seen < shape.skip_records + shape.header_records) {
      header.push_back(std::move(row));
      if (header.size() < shape.header_records) continue;
      const auto names = joined(header);
      writer.write(names);
      rows.follow(names.size());
      continue;
    }
    rows.add(std::move(row), r.follows_blank_line);
  }
  if (header.size() < shape.header_records && !header.empty()) writer.write(joined(header));
  rows.finish();
  if (!writer.flush())
    return fail(
        "the table cannot be written to standard output: its reader has gone, or its disk is full; make room "
        "and start again");
  if (writer.replaced() > 0)
    log::warning("what was no UTF-8 came out as U+FFFD; say --encoding if it is text file={} times={}",
                 named->shown, writer.replaced());
  if (left_out > 0)
    return fail(
        "{} records of more than {} MB are not in what was printed: look whether a quote there does "
        "not end, or is none (--quote '')",
        left_out, longest_bytes / megabyte);
  return {};
}

}  // namespace atelier::etl
