#include "etl/cell_kind.hpp"

#include <string>

namespace atelier::etl {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_number(std::string_view text) {
  if (text.front() == '-' || text.front() == '+') text.remove_prefix(1);
  for (const std::string_view sign : {"$", "\xe2\x82\xac", "\xc2\xa3", "#"})
    if (text.starts_with(sign)) text.remove_prefix(sign.size());
  if (text.ends_with('%')) text.remove_suffix(1);
  if (text.empty() || !is_digit(text.back())) return false;
  bool exponent = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_digit(c) || c == '.' || c == ',') continue;
    if ((c == 'e' || c == 'E') && !exponent && i > 0) {
      exponent = true;
      if (i + 1 < text.size() && (text[i + 1] == '-' || text[i + 1] == '+')) ++i;
      continue;
    }
    return false;
  }
  return true;
}

// Two or three groups of digits between the same signs, and what else dates have.
bool is_moment(std::string_view text) {
  std::size_t digits = 0, signs = 0;
  for (const char c : text) {
    if (is_digit(c))
      ++digits;
    else if (c == '/' || c == '-' || c == ':' || c == '.')
      ++signs;
    else if (c != ' ' && c != 'T' && c != 'Z' && c != '+')
      return false;
  }
  return is_digit(text.front()) && digits >= 3 && signs >= 1 && signs <= 6;
}

bool is_address(std::string_view text) {
  if (text.find(' ') != std::string_view::npos) return false;
  const auto at = text.find('@');
  return text.starts_with("http://") || text.starts_with("https://") || text.starts_with("www.") ||
         (at != std::string_view::npos && at > 0 && text.find('.', at) != std::string_view::npos);
}

bool is_boolean(std::string_view text) {
  std::string lower;
  for (const char c : text.substr(0, 6)) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lower == "true" || lower == "false";
}

}  // namespace

cell_kind kind_of(std::string_view cell) {
  const auto text = trimmed(cell);
  if (text.empty()) return cell_kind::empty;
  if (text.size() > 400) return cell_kind::text;
  if (is_number(text)) return cell_kind::number;
  if (is_moment(text)) return cell_kind::moment;
  if (is_boolean(text)) return cell_kind::boolean;
  if (is_address(text)) return cell_kind::address;
  return cell_kind::text;
}

}  // namespace atelier::etl
