// The fields of a head, and what they say of framing. Private to this folder; `head.hpp` is what others use.
#pragma once

#include "core/http/head.hpp"

#include <optional>

namespace atelier::http {

inline head_outcome incomplete() { return {head_outcome::kind::incomplete, 0, 0, {}}; }
inline head_outcome refused(unsigned status, std::string_view reason) {
  return {head_outcome::kind::refused, 0, status, reason};
}

enum class message : std::uint8_t { request, response };  // whose fault a fault is: 4xx or 502

// What the fields say of framing and of the connection, gathered while they are read.
struct framing_fields {
  unsigned hosts = 0;
  unsigned lengths = 0;
  unsigned encodings = 0;
  bool chunked = false;
  bool other_coding = false;
  bool chunked_last = false;
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool expects_continue = false;
  bool other_expectation = false;
  bool bad_length = false;
  bool bad_coding = false;
  std::uint64_t length = 0;
  std::string_view host;

  void see(std::string_view name, std::string_view value);
};

/// The first line of `bytes` from `at`, without its CRLF; of an incomplete one what there is.
struct line_outcome {
  enum class kind : std::uint8_t { line, incomplete, bare_lf } what;
  std::string_view text;
};
line_outcome next_line(std::string_view bytes, std::size_t at);

/// Reads fields from `at` to the empty line, and moves `at` behind it. Nothing: they are all there and right.
std::optional<head_outcome> read_fields(std::string_view bytes, std::size_t& at, const head_limits& limits,
                                        field_list& out, framing_fields& seen, message kind);

/// RFC 9112 section 6.1 and 6.3: what is ambiguous is refused.
std::optional<head_outcome> read_framing(const framing_fields& seen, int minor, framing& body,
                                         std::uint64_t& length, message kind);

bool wants_keep_alive(const framing_fields& seen, int minor);

/// HTTP/1.x; a later minor version is spoken to as 1.1 (RFC 9110 section 2.5).
std::optional<head_outcome> read_version(std::string_view text, int& minor, message kind);

}  // namespace atelier::http
