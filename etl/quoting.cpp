#include "etl/quoting.hpp"

#include <algorithm>

namespace atelier::etl {
namespace {

constexpr char delimiter = ',';
constexpr char quote = '"';

}  // namespace

bool split_again(std::string_view raw, quoting how, std::vector<field>& fields) {
  const char q = how == quoting::apostrophe ? '\'' : quote;
  fields.clear();
  for (std::size_t at = 0;;) {
    std::size_t start = raw.find_first_not_of(" \t", at);
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
        if (close + 1 == raw.size() || raw[close + 1] == delimiter) break;
        // Two quotes are one of the text, unless the second one closes it.
        if (raw[close + 1] == q && close + 2 < raw.size() && raw[close + 2] != delimiter) ++close;
      }
      fields.push_back(
          {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(close), how, start != at});
      at = close + 1;
    }
    if (at >= raw.size()) return true;
    ++at;
  }
}

std::string_view decode(std::string_view bytes, quoting how, std::string& scratch) {
  if (how == quoting::bare || how == quoting::quoted) return bytes;
  const char q = how == quoting::apostrophe ? '\'' : quote;
  if (bytes.find(q) == std::string_view::npos && bytes.find('\\') == std::string_view::npos) return bytes;
  const std::size_t start = scratch.size();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const bool followed = i + 1 < bytes.size();
    if (bytes[i] == q && followed && bytes[i + 1] == q) ++i;
    if (how == quoting::backslash && bytes[i] == '\\' && followed &&
        (bytes[i + 1] == q || bytes[i + 1] == '\\'))
      ++i;
    scratch += bytes[i];
  }
  return std::string_view(scratch).substr(start);
}

}  // namespace atelier::etl
