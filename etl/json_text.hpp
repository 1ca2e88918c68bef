// Text as JSON writes it.
#pragma once

#include <string>
#include <string_view>

namespace atelier::etl {

/// Appends "text" with quotes and escapes; bytes that are not UTF-8 become U+FFFD.
void append_json(std::string& out, std::string_view text);

bool is_utf8(std::string_view bytes);
void append_base64(std::string& out, std::string_view bytes);

}  // namespace atelier::etl
