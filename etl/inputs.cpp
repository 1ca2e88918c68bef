#include "etl/inputs.hpp"

#include "core/log.hpp"
#include "etl/cell_kind.hpp"
#include "etl/row.hpp"
#include "etl/unpack.hpp"

#include <fmt/ranges.h>

#include <chrono>
#include <set>

namespace atelier::etl {
namespace {

constexpr std::size_t look_bytes = 1 << 20;  // of the beginning, that tell encoding, dialect and set
constexpr std::size_t quotes_rows = 200;     // of the beginning, that tell which quote is used throughout
constexpr std::size_t look_records = 10;     // of the beginning, among which one tells the set

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string published_header(set_kind set) {
  std::string line;
  for (const auto& c : shape_of(set).columns) line.append(line.empty() ? "" : ",").append(c.name);
  return line;
}

// Read so, most rows have texts in apostrophes, and none has one in other quotes. A text of several lines in
// them leaves no doubt; without one, a row or two tell nothing.
bool quotes_by_apostrophe(std::string_view text, dialect written) {
  text_source source(text);
  written.quote = written.escape = '\'';
  record_reader reader(source, written);
  std::size_t rows = 0, quoted = 0;
  bool has_lines = false;
  while (rows < quotes_rows) {
    const auto next = reader.next();
    if (!next || !*next) break;
    const record& r = **next;
    bool any = false;
    for (const auto& f : r.fields) {
      const auto bytes = r.bytes(f);
      if (f.how != quoting::bare)
        any = true;
      else if (bytes.size() >= 2 && bytes.front() == '"' && bytes.back() == '"')
        return false;
    }
    ++rows;
    quoted += any && r.fault == record_fault::none;
    has_lines |= any && r.raw.find_first_of("\r\n") != r.raw.npos;
  }
  return has_lines ? quoted * 2 >= rows : rows > 2 && quoted * 2 > rows;
}

// Several words and nothing else: perhaps a header in words that are not known here. What stands below it is
// then in an order that nobody knows.
bool may_be_header(const record& r) {
  std::size_t words = 0;
  for (const auto& f : r.fields) {
    const auto kind = kind_of(r.bytes(f));
    if (kind != cell_kind::text && kind != cell_kind::empty) return false;
    words += kind == cell_kind::text;
  }
  return words > 1;
}

bool take_header(input& found, const record& r, const dialect& written) {
  std::vector<std::string> names;
  std::string scratch;
  scratch.reserve(r.raw.size());
  for (const auto& f : r.fields) names.emplace_back(decode(r.bytes(f), written, f.how, scratch));
  auto matched = match_header(names, set_of_name(found.from.shown));
  if (!matched) return false;
  found.where = std::move(*matched);
  found.header = r.raw;
  return true;
}

void take_published(input& found, set_kind set, const dialect& written) {
  found.where = published_layout(set);
  for (const char c : published_header(set)) c == ',' ? found.header += written.delimiter : found.header += c;
}

// Set and columns, if this record of the file tells them in this dialect.
bool matches(input& found, std::string_view text, const dialect& written, std::uint64_t at) {
  text_source source(text);
  record_reader reader(source, written);
  bool order_is_known = true;
  for (std::uint64_t records = 0;; ++records) {
    const auto next = reader.next();
    if (!next || !*next) return false;
    const record& r = **next;
    if (records < at) {
      order_is_known &= !may_be_header(r);
      continue;
    }
    if (take_header(found, r, written)) {
      found.header_at = at;
      return true;
    }
    const auto set = set_of_shape(r, written, set_of_name(found.from.shown), now_ms());
    if (!set || !order_is_known) return false;
    take_published(found, *set, written);
    return true;
  }
}

// The set that the name speaks of, if a record has as many fields as its rows.
bool matches_name(input& found, std::string_view text, const dialect& written) {
  const auto set = set_of_name(found.from.shown);
  if (!set) return false;
  text_source source(text);
  record_reader reader(source, written);
  bool fits = false;
  for (std::size_t records = 0; records < look_records; ++records) {
    const auto next = reader.next();
    if (!next || !*next) break;
    if (may_be_header(**next)) return false;
    fits |= (*next)->fields.size() == shape_of(*set).columns.size();
  }
  if (fits) take_published(found, *set, written);
  return fits;
}

// Comma and double quotes, as published; else the other delimiters that were seen, and apostrophes as the
// quote. The first record tells the set, or else, if it is damaged or a comment, one of those behind it.
bool find_dialect(input& found, std::string_view text) {
  const auto in_any = [&](const auto& is_right) {
    for (const auto* delimiter : {",", ";", "\t", "|"})
      for (const char quote : {'"', '\''}) {
        found.written = {delimiter, quote, quote};
        if (!is_right(found.written)) continue;
        if (quote == '"' && quotes_by_apostrophe(text, found.written))
          found.written.quote = found.written.escape = '\'';
        return true;
      }
    return false;
  };
  for (std::uint64_t at = 0; at < look_records; ++at)
    if (in_any([&](const dialect& written) { return matches(found, text, written, at); })) return true;
  return in_any([&](const dialect& written) { return matches_name(found, text, written); });
}

struct looked_at {
  std::optional<input> known;
  std::string why_not;
};

// The first line as a message may show it: short, and without what may be somebody's e-mail address.
std::string shown_line(std::string_view text) {
  constexpr std::size_t bytes_max = 120;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const auto line = text.substr(0, std::min(text.find_first_of("\r\n"), bytes_max));
  return std::string(line.find('@') == line.npos ? line : std::string_view("… @ …"));
}

result<looked_at> look_at(const place& from, bool is_digested) {
  // What is piped in is looked at and read in one; all else is read again, from the beginning.
  const bool is_read_on = from.flows_once();
  auto opened = open_place(from, is_read_on && is_digested);
  if (!opened) return opened.error();
  std::string raw(look_bytes, '\0');
  const auto got = read_fully((*opened)->content(), raw);
  if (!got) return got.error();
  raw.resize(*got);
  if (raw.empty())
    return fail("'{}' is empty: it has not even a header; make it again, or leave it out", from.shown);

  input found;
  found.from = from;
  found.is_digested = is_digested;
  found.stored = detect_encoding(raw, raw.size() == look_bytes);
  found.bytes = (*opened)->content_bytes();
  std::string recoded;
  if (!is_utf8(found.stored)) {
    text_source stored(raw);
    recoded_source made_utf8(stored, found.stored);
    recoded.resize(2 * look_bytes);
    const auto decoded = read_fully(made_utf8, recoded);
    if (!decoded) return decoded.error();
    recoded.resize(*decoded);
  }
  const std::string_view text = is_utf8(found.stored) ? raw : recoded;
  if (const auto kind = is_utf16(found.stored) ? "" : binary_kind(raw); !kind.empty()) {
    const auto why = fail("'{}' is no text but {}: give it as CSV, plain or packed by gzip, zstd or zip",
                          from.shown, kind);
    return looked_at{std::nullopt, why.what};
  }
  if (!find_dialect(found, text)) {
    const auto why = fail(
        "'{}' is none of the seven sets: its first line is '{}'; give it one of their headers, or leave it "
        "out",
        from.shown, shown_line(text));
    return looked_at{std::nullopt, why.what};
  }
  if (is_read_on) {
    found.open = std::move(*opened);
    found.read_already = std::move(raw);
  }
  return looked_at{std::move(found), {}};
}

void say_what_is_unusual(const input& found) {
  if (!found.where.unknown.empty())
    log::warning("columns that mean nothing here are left out file={} columns={}", found.from.shown,
                 fmt::join(found.where.unknown, ","));
  if (!is_utf8(found.stored) || found.written != dialect{})
    log::info("read in its own dialect file={} encoding={} delimiter='{}' quote={}", found.from.shown,
              name_of(found.stored), found.written.delimiter == "\t" ? "\\t" : found.written.delimiter,
              found.written.quote);
  if (!found.header_at)
    log::info("it has no header and is read in the published order file={} set={}", found.from.shown,
              shape_of(found.where.set).name);
}

}  // namespace

result<std::vector<input>> find_inputs(const std::vector<std::string>& sources, bool are_digested) {
  std::vector<input> inputs;
  std::set<std::pair<std::string, std::string>> seen_before;
  std::set<std::string> names;
  for (const auto& source : sources) {
    const auto places = find_places(source);
    if (!places) return places.error();
    for (const auto& from : *places) {
      if (!seen_before.emplace(from.address, from.member).second) {
        log::warning("named twice, and read once file={}", from.shown);
        continue;
      }
      auto seen = look_at(from, are_digested);
      if (!seen) return seen.error();
      if (seen->known) {
        // Addresses that differ in what is not shown: a name of its own for each, in reports and the table of
        // loads.
        auto& shown = seen->known->from.shown;
        for (int times = 2; !names.insert(shown).second; ++times)
          shown = fmt::format("{} ({})", from.shown, times);
        say_what_is_unusual(*seen->known);
        inputs.push_back(std::move(*seen->known));
      } else if (from.from_many && !set_of_name(from.shown)) {
        log::warning("left out: {}", seen->why_not);
      } else {
        return fail("{}", seen->why_not);
      }
    }
  }
  if (inputs.empty())
    return fail("none of the files is one of the seven sets: docs/loading.md tells their names and columns");
  return inputs;
}

}  // namespace atelier::etl
