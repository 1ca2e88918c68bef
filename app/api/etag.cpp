#include "app/api/etag.hpp"

#include <xxhash.h>

#include <algorithm>

namespace atelier::api {

std::string etag_of(std::string_view body) {
  const auto hash = fingerprint(body);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string tag = "\"";
  for (const unsigned char byte : hash) {
    tag += digits[byte >> 4];
    tag += digits[byte & 15];
  }
  tag += '"';
  return tag;
}

bool names_etag(std::string_view list, std::string_view etag) {
  const auto first = list.find_first_not_of(" \t");
  if (first != list.npos && list.substr(first) == "*") return true;
  for (auto at = list.find(etag); at != list.npos; at = list.find(etag, at + 1)) {
    const auto behind = list.substr(at + etag.size());
    if (behind.empty() || behind.front() == ',' || behind.front() == ' ' || behind.front() == '\t')
      return true;
  }
  return false;
}

bool names_etag(const http::field_list& fields, std::string_view etag) {
  return std::any_of(fields.begin(), fields.end(), [&](const http::field& f) {
    return http::equals_ignoring_case(f.name, "if-none-match") && names_etag(f.value, etag);
  });
}

std::string fingerprint(std::string_view body) {
  XXH128_canonical_t bytes;
  XXH128_canonicalFromHash(&bytes, XXH3_128bits(body.data(), body.size()));
  return {reinterpret_cast<const char*>(bytes.digest), sizeof bytes.digest};
}

}  // namespace atelier::api
