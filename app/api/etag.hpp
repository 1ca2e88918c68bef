// Entity tags made from an answer's bytes, so that every worker gives the same one.
#pragma once

#include "core/http/head.hpp"

#include <string>
#include <string_view>

namespace atelier::api {

/// A strong entity tag with its quotes: 128 bits of XXH3 (github.com/Cyan4973/xxHash) in hexadecimal.
std::string etag_of(std::string_view body);

/// True if If-None-Match names the tag: a list, weak tags compare equal, * is any (RFC 9110 section 13.1.2).
bool names_etag(std::string_view if_none_match, std::string_view etag);

/// The same of all such fields of a request: they are one list (section 5.3).
bool names_etag(const http::field_list& fields, std::string_view etag);

/// 16 bytes that tell one request body from another.
std::string fingerprint(std::string_view body);

}  // namespace atelier::api
