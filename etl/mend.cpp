#include "etl/mend.hpp"

#include <algorithm>
#include <optional>

namespace atelier::etl {
namespace {

using cells = std::vector<std::string>;

// A quoted field counts only if it closes by the rules; else its quote is a letter like any other.
cells split_literally(std::string_view raw, const dialect& written) {
  cells all;
  const auto& delimiter = written.delimiter;
  const auto ends_at = [&](std::size_t at) {
    return at == raw.size() || raw.compare(at, delimiter.size(), delimiter) == 0;
  };
  for (std::size_t at = 0;;) {
    std::optional<std::size_t> close;
    std::string text;
    if (written.has_quote() && at < raw.size() && raw[at] == written.quote) {
      for (std::size_t i = at + 1; i < raw.size(); ++i) {
        if (raw[i] == written.quote && i + 1 < raw.size() && raw[i + 1] == written.quote) {
          text += raw[i++];
        } else if (raw[i] == written.quote) {
          if (ends_at(i + 1)) close = i;
          break;
        } else {
          text += raw[i];
        }
      }
    }
    if (close) {
      at = *close + 1;
    } else {
      const auto end = std::min(raw.find(delimiter, at), raw.size());
      text = raw.substr(at, end - at);
      at = end;
    }
    all.push_back(std::move(text));
    if (at >= raw.size()) return all;
    at += delimiter.size();
  }
}

std::optional<cells> split_otherwise(const record& r, const dialect& written, quoting how) {
  std::vector<field> fields;
  if (!split_again(r.raw, written, how, fields)) return std::nullopt;
  std::string scratch;
  scratch.reserve(r.raw.size());
  cells all;
  for (const auto& f : fields) all.emplace_back(decode(r.bytes(f), written, f.how, scratch));
  return all;
}

cells as_it_stands(const record& r, const dialect& written) {
  if (r.fault != record_fault::none) return split_literally(r.raw, written);
  cells all;
  std::string scratch;
  scratch.reserve(r.raw.size());
  for (const auto& f : r.fields) all.emplace_back(decode(r.bytes(f), written, f.how, scratch));
  return all;
}

// The sign that these lie between is more likely punctuation: there is but one of it, or a blank behind it.
bool is_prose(const cells& all) {
  return all.size() < 3 || std::any_of(all.begin() + 1, all.end(),
                                       [](const std::string& cell) { return cell.starts_with(' '); });
}

}  // namespace

std::vector<std::string> cells_of(const record& r, const dialect& written, std::size_t width) {
  auto plain = as_it_stands(r, written);
  if (width < 2) return plain;
  const bool fits = plain.size() == width;
  if (fits && r.fault == record_fault::none) return plain;
  if (r.fault != record_fault::none) {
    if (r.raw.find("\\\"") != std::string_view::npos)
      if (auto other = split_otherwise(r, written, quoting::backslash); other && other->size() == width)
        return *other;
    if (auto other = split_otherwise(r, written, quoting::loose); other && other->size() == width)
      return *other;
    if (fits) return plain;
  }
  const bool has_quotes = written.has_quote() && r.raw.find(written.quote) != std::string_view::npos;
  if (written.quote != '\'' && !has_quotes && r.raw.find('\'') != std::string_view::npos)
    if (auto other = split_otherwise(r, written, quoting::apostrophe); other && other->size() == width)
      return *other;
  if (plain.size() >= width) return plain;  // it has the delimiter of its table
  for (const std::string_view delimiter : {";", ",", "\t", "|"}) {
    if (delimiter == written.delimiter) continue;
    auto changed = written;
    changed.delimiter = delimiter;
    if (auto other = split_literally(r.raw, changed); other.size() == width && !is_prose(other)) return other;
  }
  return plain;
}

}  // namespace atelier::etl
