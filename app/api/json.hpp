// JSON written by appending to one buffer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace atelier::api {

/// A text that begins with these words, with room for a usual answer, so that it is not moved while it grows.
std::string begin_json(std::string_view first);

/// A string with its quotes: quote, backslash and control characters escaped as JSON.stringify does, all else
/// as it is. The text is UTF-8 already: PostgreSQL keeps nothing else.
void append_json_string(std::string& out, std::string_view text);

void append_number(std::string& out, std::int64_t value);

/// "2020-07-30T03:41:21.467Z" with its quotes.
void append_json_time(std::string& out, std::int64_t milliseconds_since_1970);

/// sum/count as a decimal with exactly 16 decimals, rounded half up, with its quotes. Exact: no floating
/// point.
void append_json_mean(std::string& out, std::int64_t sum, std::int64_t count);

}  // namespace atelier::api
