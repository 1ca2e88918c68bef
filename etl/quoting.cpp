#include "etl/quoting.hpp"

#include <algorithm>

namespace atelier::etl {
namespace {

char quote_of(const dialect& written, quoting how) {
  return how == quoting::apostrophe ? '\'' : written.quote;
}

bool starts_here(std::string_view text, std::size_t at, const std::string& what) {
  return text.compare(at, what.size(), what) == 0;
}

// What may stand between a delimiter and a quote.
std::string_view blanks_beside(std::string_view delimiter) {
  return delimiter[0] == '\t' ? " " : delimiter[0] == ' ' ? "\t" : " \t";
}

}  // namespace

bool split_again(std::string_view raw, const dialect& written, quoting how, std::vector<field>& fields) {
  const auto& delimiter = written.delimiter;
  const char q = quote_of(written, how);
  fields.clear();
  for (std::size_t at = 0;;) {
    const std::size_t start = raw.find_first_not_of(blanks_beside(delimiter), at);
    if (start == std::string_view::npos || raw[start] != q) {
      const auto end = std::min(raw.find(delimiter, at), raw.size());
      fields.push_back(
          {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end), quoting::bare, false});
      at = end;
    } else {
      const std::size_t begin = start + 1;
      std::size_t close = begin;
      for (;; ++close) {
        if (close >= raw.size()) return false;
        if (how == quoting::backslash && raw[close] == '\\') {
          ++close;
          continue;
        }
        if (raw[close] != q) continue;
        if (close + 1 == raw.size() || starts_here(raw, close + 1, delimiter)) break;
        // Two quotes are one of the text, unless the second one closes it.
        if (raw[close + 1] == q && close + 2 < raw.size() && !starts_here(raw, close + 2, delimiter)) ++close;
      }
      fields.push_back(
          {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(close), how, start != at});
      at = close + 1;
    }
    if (at >= raw.size()) return true;
    at += delimiter.size();
  }
}

std::optional<lone_quote> next_lone_quote(std::string_view text, std::size_t from, const dialect& written) {
  const auto& delimiter = written.delimiter;
  const std::string_view blanks = blanks_beside(delimiter);
  for (std::size_t at = from; at < text.size(); ++at) {
    if (written.escapes_by_sign() && text[at] == written.escape) {
      ++at;
      continue;
    }
    if (text[at] != written.quote) continue;
    const auto end = std::min(text.find_first_not_of(written.quote, at), text.size());
    if ((end - at) % 2 == 0) {
      at = end - 1;
      continue;
    }
    const auto before = text.substr(0, at);
    const auto last = before.find_last_not_of(blanks);
    const auto next = text.find_first_not_of(blanks, end);
    return lone_quote{at, end,
                      last != std::string_view::npos && before.substr(0, last + 1).ends_with(delimiter),
                      next == std::string_view::npos || text[next] == '\n' || text[next] == '\r' ||
                          starts_here(text, next, delimiter)};
  }
  return std::nullopt;
}

std::string_view decode(std::string_view bytes, const dialect& written, quoting how, std::string& scratch) {
  if (how == quoting::bare || how == quoting::quoted || bytes.empty()) return bytes;
  const char q = quote_of(written, how);
  const char sign = how == quoting::backslash ? '\\' : how == quoting::escaped ? written.escape : q;
  const auto special = [&](std::size_t from) {
    if (sign == q) return bytes.find(q, from);
    while (from < bytes.size() && bytes[from] != q && bytes[from] != sign) ++from;
    return from;
  };
  const std::size_t start = scratch.size();
  // The first of two stays out: what lies between such is copied in whole pieces.
  std::size_t copied = 0;
  for (auto at = special(0); at < bytes.size() - 1; at = special(at + 1)) {
    if (bytes[at + 1] != q && (bytes[at] == q || bytes[at + 1] != sign)) continue;
    scratch.append(bytes, copied, at - copied);
    copied = ++at;
  }
  if (copied == 0) return bytes;
  scratch.append(bytes, copied);
  return std::string_view(scratch).substr(start);
}

std::size_t columns_of_line(std::string_view line, const dialect& written) {
  std::size_t columns = 1;
  for (std::size_t at = 0; at < line.size();) {
    if (written.has_quote() && line[at] == written.quote) {
      do {
        at = line.find(written.quote, at + 1);
        if (at == std::string_view::npos) return 0;
        ++at;
      } while (at < line.size() && line[at] == written.quote);
      if (at < line.size() && !starts_here(line, at, written.delimiter)) return 0;
    } else {
      at = std::min(line.find(written.delimiter, at), line.size());
    }
    if (at < line.size()) {
      ++columns;
      at += written.delimiter.size();
    }
  }
  return columns;
}

}  // namespace atelier::etl
