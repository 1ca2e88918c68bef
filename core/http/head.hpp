// The head of an HTTP/1.1 message, read strictly and in place: no copy, no allocation a field.
//
// What two readers could understand in two ways is refused (RFC 9112 sections 2.2, 3, 5, 6): the proxy in
// front of a worker and the worker itself use this one parser, so that they can never disagree about where a
// request ends.
#pragma once

#include "core/http/ignoring_case.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace atelier::http {

enum class method : std::uint8_t { get, head, post, put, options, other };

struct field {
  std::string_view name;   // a token, as sent
  std::string_view value;  // without the blanks around it
};

/// How the end of the body is found (RFC 9112 section 6.3).
enum class framing : std::uint8_t {
  none,       // no body
  sized,      // Content-Length
  chunked,    // Transfer-Encoding: chunked, and nothing else
  until_end,  // a response without either: until the connection ends
};

struct head_limits {
  std::size_t head_bytes_max = 16 * 1024;   // request line and fields together: 431
  std::size_t target_bytes_max = 8 * 1024;  // 414
};

/// The fields of one head. Views into the bytes that were parsed: valid until those move.
class field_list {
 public:
  static constexpr std::size_t fields_max = 100;  // more: 431; as nginx and Apache httpd count by default

  const field* begin() const { return fields_.data(); }
  const field* end() const { return fields_.data() + count_; }
  std::size_t size() const { return count_; }

  /// The value of the first field of this name (lower case), or nothing.
  std::optional<std::string_view> find(std::string_view lower_case_name) const;

  void clear() { count_ = 0; }
  bool add(std::string_view name, std::string_view value);  // false: full

 private:
  std::array<field, fields_max> fields_;
  std::size_t count_ = 0;
};

struct request_head {
  method verb = method::other;
  std::string_view verb_text;
  std::string_view target;     // as sent: origin-form, absolute-form, or * for OPTIONS
  std::string_view authority;  // of an absolute-form target; else empty (RFC 9112 section 3.2.2)
  std::string_view path;       // begins with '/', without the query; or *
  std::string_view query;      // behind '?', without it
  std::string_view host;       // of the one Host field; empty only where HTTP/1.0 sent none
  int minor_version = 1;       // HTTP/1.0 or 1.1
  framing body = framing::none;
  std::uint64_t content_length = 0;
  bool keep_alive = true;         // what the client wants: version and Connection together
  bool expects_continue = false;  // Expect: 100-continue
  bool upgrade = false;           // Connection names Upgrade
  field_list fields;
};

struct response_head {
  unsigned status = 0;
  std::string_view reason;
  int minor_version = 1;
  framing body =
      framing::none;  // for a response to `asked`: HEAD, 1xx, 204 and 304 have none (RFC 9112 section 6.3)
  std::uint64_t content_length = 0;
  bool keep_alive = true;
  bool upgrade = false;
  field_list fields;
};

/// What became of the bytes.
struct head_outcome {
  enum class kind : std::uint8_t {
    complete,    // the head is the first `size` bytes
    incomplete,  // right so far: more bytes are needed
    refused,     // wrong: answer `status` and close
  };
  kind what = kind::incomplete;
  std::size_t size = 0;  // bytes of the head, empty lines before it and the blank line after it included
  unsigned status = 0;   // 400, 414, 431, 501 or 505 (a response: 502)
  std::string_view reason = {};  // a few words for the log; a literal
};

/// Parses a request's head at the start of `bytes`; may be called again with more bytes. Of `out` only a
/// complete one may be used.
head_outcome parse_request_head(std::string_view bytes, const head_limits& limits, request_head& out);

/// The same for a response to a request of this method. Refused is always 502: the fault is the worker's.
head_outcome parse_response_head(std::string_view bytes, const head_limits& limits, method asked,
                                 response_head& out);

/// True if a comma-separated list (Connection, Accept without parameters) names the word.
bool list_contains(std::string_view list, std::string_view lower_case_word);

}  // namespace atelier::http
