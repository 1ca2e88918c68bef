#include "app/api/text_rules.hpp"

#include "core/http/head.hpp"

#include <algorithm>

namespace atelier::api {
namespace {

// Blanks and the control characters of Unicode's category Cc: C0, DEL, and C1 (in UTF-8 C2 80 to C2 9F).
bool has_blanks_or_controls(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c <= 0x20 || c == 0x7f) return true;
    if (c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The scheme before the first colon (RFC 3986 section 3.1), or nothing.
std::string_view scheme_of(std::string_view url) {
  if (url.empty() || !is_letter(url.front())) return {};
  for (std::size_t i = 1; i < url.size(); ++i) {
    const char c = url[i];
    if (c == ':') return url.substr(0, i);
    if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '.') return {};
  }
  return {};
}

}  // namespace

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == text.npos; }

bool is_email(std::string_view text) {
  constexpr std::size_t code_points_max = 254;
  const auto at = text.find('@');
  return at != text.npos && at > 0 && at + 1 < text.size() && text.find('@', at + 1) == text.npos &&
         !has_blanks_or_controls(text) && code_points(text) <= code_points_max;
}

bool is_photo_url(std::string_view text) {
  constexpr std::size_t code_points_max = 2048;
  if (has_blanks_or_controls(text) || code_points(text) > code_points_max) return false;
  const auto scheme = scheme_of(text);
  if (scheme.empty()) return true;
  if (!http::equals_ignoring_case(scheme, "http") && !http::equals_ignoring_case(scheme, "https"))
    return false;
  auto rest = text.substr(scheme.size() + 1);
  if (!rest.starts_with("//")) return false;
  auto host = rest.substr(2, rest.find_first_of("/?#", 2) - 2);
  if (const auto user = host.rfind('@'); user != host.npos) host.remove_prefix(user + 1);
  return !host.empty() && host.front() != ':';
}

}  // namespace atelier::api
