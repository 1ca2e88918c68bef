// What is kept compressed in the program, and sent so to whoever takes it (RFC 9110 section 8.4).
#pragma once

#include "core/http/head.hpp"

#include <string>
#include <string_view>

namespace atelier::http {

inline constexpr std::string_view gzip_field = "Content-Encoding: gzip\r\n";

/// True if an Accept-Encoding field names gzip, or everything, and does not weigh it with 0 (RFC 9110 section
/// 12.5.3). Who sends no such field would have to take anything, but many who send none cannot: not to them.
bool accepts_gzip(const field_list& fields);

/// The bytes that `gzip` made these of. Only for what was compressed by our own build: anything else throws.
std::string gunzip(std::string_view packed);

}  // namespace atelier::http
