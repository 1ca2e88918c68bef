// What a posted text may be. Lengths are in code points; blanks are space, tab, CR and LF.
#pragma once

#include <cstddef>
#include <string_view>

namespace atelier::api {

/// Code points of valid UTF-8.
std::size_t code_points(std::string_view text);

bool is_blank(std::string_view text);

/// One @ between non-empty parts, no blanks or control characters, at most 254 code points.
bool is_email(std::string_view text);

/// http or https with a host, or a reference without a scheme (RFC 3986 sections 3.1 and 4.2); no blanks or
/// control characters, at most 2048 code points.
bool is_photo_url(std::string_view text);

}  // namespace atelier::api
