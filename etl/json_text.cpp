#include "etl/json_text.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <simdjson.h>

namespace atelier::etl {
namespace {

// Bytes of the UTF-8 sequence at the front, or 0 if it is none.
std::size_t sequence(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t size = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  return size <= text.size() && simdjson::validate_utf8(text.data(), size) ? size : 0;
}

}  // namespace

bool is_utf8(std::string_view bytes) { return simdjson::validate_utf8(bytes.data(), bytes.size()); }

void append_json(std::string& out, std::string_view text) {
  const bool clean = is_utf8(text);
  out += '"';
  while (!text.empty()) {
    const char c = text.front();
    std::size_t used = 1;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else if (clean || static_cast<unsigned char>(c) < 0x80) {
      out += c;
    } else if (const auto size = sequence(text); size > 0) {
      out += text.substr(0, size);
      used = size;
    } else {
      out += "\xef\xbf\xbd";
    }
    text.remove_prefix(used);
  }
  out += '"';
}

void append_base64(std::string& out, std::string_view bytes) {
  std::string code(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const auto size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(code.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.append(code, 0, static_cast<std::size_t>(size));
}

}  // namespace atelier::etl
