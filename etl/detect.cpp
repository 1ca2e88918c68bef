#include "etl/detect.hpp"

#include "etl/cell_kind.hpp"
#include "etl/record_reader.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

namespace atelier::etl {
namespace {

constexpr std::size_t records_looked_at = 500;
constexpr std::size_t header_records_max = 4;
constexpr std::size_t preamble_records_max = 30;

struct sampled {
  std::vector<std::vector<std::string>> rows;
  std::size_t damaged = 0;
};

sampled sample(std::string_view text, const dialect& written) {
  sampled all;
  text_source source(text);
  record_reader reader(source, written);
  std::string scratch;
  while (all.rows.size() < records_looked_at) {
    const auto next = reader.next();
    if (!next || !*next) break;
    const record& r = **next;
    if (r.fault != record_fault::none) {
      ++all.damaged;
      continue;
    }
    scratch.clear();
    if (scratch.capacity() < r.raw.size()) scratch.reserve(2 * r.raw.size());
    std::vector<std::string> cells;
    for (const auto& f : r.fields) cells.emplace_back(decode(r.bytes(f), written, f.how, scratch));
    if (cells.size() > 1) reader.expect_columns(cells.size());
    all.rows.push_back(std::move(cells));
  }
  return all;
}

std::size_t usual_width(const sampled& all) {
  std::map<std::size_t, std::size_t> counts;
  for (const auto& row : all.rows) ++counts[row.size()];
  std::size_t width = 0, most = 0;
  for (const auto& [columns, rows] : counts)
    if (rows >= most) {
      most = rows;
      width = columns;
    }
  return width;
}

// After van den Burg, Nazábal and Sutton, "Wrangling messy CSV files by detecting row and type patterns"
// (2019): many rows of few widths are good, and cells that look like something.
double evenness(const sampled& all) {
  if (all.rows.empty()) return 0;
  std::map<std::size_t, std::size_t> widths;
  std::size_t cells = 0, known = 0;
  for (const auto& row : all.rows) {
    ++widths[row.size()];
    for (const auto& cell : row) {
      ++cells;
      const bool torn = !cell.empty() && (cell.front() == '"' || cell.back() == '"');
      known += !torn;
    }
  }
  double pattern = 0;
  for (const auto& [columns, rows] : widths)
    pattern += static_cast<double>(rows) * std::max(0.001, static_cast<double>(columns) - 1) /
               static_cast<double>(columns);
  pattern /= static_cast<double>(widths.size());
  const double whole =
      static_cast<double>(all.rows.size()) / static_cast<double>(all.rows.size() + all.damaged);
  return pattern * whole * static_cast<double>(known) / static_cast<double>(cells);
}

std::size_t occurrences(std::string_view text, std::string_view what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size())) ++n;
  return n;
}

// Fields that stand in these quotes, if quotes meant nothing.
std::size_t quoted_fields(const std::vector<std::string>& row, char quote) {
  return static_cast<std::size_t>(std::count_if(row.begin(), row.end(), [&](const std::string& cell) {
    const auto first = cell.find_first_not_of(' ');
    return first != std::string::npos && cell.size() > first + 1 && cell[first] == quote &&
           cell.back() == quote;
  }));
}

// Most rows have fields in apostrophes, and few have any in other quotes. A 'N/A' here and there is a text.
bool quotes_by_apostrophe(std::string_view text, const std::string& delimiter) {
  const auto all = sample(text, {delimiter, '\0', '\0'});
  std::size_t rows = 0, apostrophes = 0, others = 0;
  for (const auto& row : all.rows) {
    const auto found = quoted_fields(row, '\'');
    rows += found > 0;
    apostrophes += found;
    others += quoted_fields(row, '"');
  }
  return 2 * rows > all.rows.size() && apostrophes > 2 * others;
}

// ", " if every comma between cells has a blank behind it; "\t\t" if tabs come in pairs.
std::string longer(const std::string& delimiter, std::string_view text, const dialect& written) {
  const auto single = sample(text, written);
  for (const auto& candidate : {delimiter + ' ', delimiter + delimiter}) {
    if (delimiter == " " || occurrences(text, candidate) == 0) continue;
    auto changed = written;
    changed.delimiter = candidate;
    const auto pairs = sample(text, changed);
    const bool doubled = candidate[0] == candidate[1];
    const auto want = doubled ? (usual_width(single) + 1) / 2 : usual_width(single);
    if (want < 2 || usual_width(pairs) != want || pairs.damaged > single.damaged) continue;
    std::size_t left = 0;  // cells that still have the short one in them
    for (const auto& row : pairs.rows) left += row.size() != want;
    if (left * 10 <= pairs.rows.size()) return candidate;
  }
  return delimiter;
}

std::vector<char> escapes_of(std::string_view text, char quote, const dialect_hints& hints) {
  if (hints.escape) return {*hints.escape};
  if (quote == '\0' || occurrences(text, std::string("\\") + quote) == 0) return {quote};
  return {quote, '\\'};
}

}  // namespace

dialect detect_dialect(std::string_view text, const dialect_hints& hints) {
  if (const auto end = text.find_last_of("\r\n"); end != std::string_view::npos)
    text = text.substr(0, end + 1);
  std::vector<std::string> delimiters{",", ";", "\t", "|", ":", " "};
  std::vector<char> quotes{'"', '\''};
  if (hints.delimiter) delimiters = {*hints.delimiter};
  if (hints.quote) quotes = {*hints.quote};
  dialect best{delimiters[0], quotes[0], quotes[0]};
  double most = -1;
  for (const char quote : quotes)
    for (const auto& delimiter : delimiters)
      for (const char escape : escapes_of(text, quote, hints)) {
        const dialect one{delimiter, quote, escape};
        // A little more for being first, so that what is equal stays with the usual.
        const double found = evenness(sample(text, one));
        if (found > most * 1.000001) {
          most = found;
          best = one;
        }
      }
  if (!hints.quote && quotes_by_apostrophe(text, best.delimiter)) {
    best.quote = '\'';
    best.escape = hints.escape.value_or('\'');
  }
  if (!hints.delimiter) best.delimiter = longer(best.delimiter, text, best);
  return best;
}

table_shape detect_shape(std::string_view text, const dialect& written, bool titles) {
  const auto all = sample(text, written);
  table_shape shape;
  shape.width = usual_width(all);
  if (all.rows.empty()) return shape;
  // A title or a remark before the table: one cell where the others have many. A header may have one name
  // too, but hardly that of its first column alone.
  const auto is_title = [](const std::vector<std::string>& row) {
    return std::all_of(row.begin() + 1, row.end(), [](const auto& cell) { return cell.empty(); });
  };
  auto& skip = shape.skip_records;
  while (shape.width > 1 && skip < std::min(preamble_records_max, all.rows.size() - 1) &&
         (titles ? is_title(all.rows[skip]) : all.rows[skip].size() == 1))
    ++skip;
  if (skip == std::min(preamble_records_max, all.rows.size() - 1)) skip = 0;

  // Columns whose cells mostly look like one thing that is no text.
  std::vector<std::optional<cell_kind>> typed(shape.width);
  for (std::size_t c = 0; c < shape.width; ++c) {
    std::map<cell_kind, std::size_t> kinds;
    std::size_t rows = 0;
    for (std::size_t i = skip + 1; i < all.rows.size(); ++i) {
      if (all.rows[i].size() != shape.width) continue;
      const auto kind = kind_of(all.rows[i][c]);
      if (kind == cell_kind::empty) continue;
      ++kinds[kind];
      ++rows;
    }
    for (const auto& [kind, n] : kinds)
      if (kind != cell_kind::text && n * 5 >= rows * 4) typed[c] = kind;
  }
  std::size_t named = 0;
  for (; named < header_records_max && skip + named < all.rows.size(); ++named) {
    const auto& row = all.rows[skip + named];
    std::size_t as_header = 0, as_data = 0;
    for (std::size_t c = 0; c < std::min(row.size(), shape.width); ++c) {
      if (!typed[c]) continue;
      const auto kind = kind_of(row[c]);
      if (kind == *typed[c]) ++as_data;
      if (kind == cell_kind::text) ++as_header;
    }
    if (named == 0 ? as_data > as_header : as_data > 0 || as_header < 2) break;
  }
  shape.header_records = named;
  return shape;
}

}  // namespace atelier::etl
