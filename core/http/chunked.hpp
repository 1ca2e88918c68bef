// The chunked transfer coding, read strictly (RFC 9112 section 7.1): extensions are checked and dropped,
// trailers too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace atelier::http {

/// Decodes a chunked body from any split of its bytes. One object a body.
class chunked_decoder {
 public:
  static constexpr std::size_t line_bytes_max = 1024;     // a size line with its extensions
  static constexpr std::size_t trailer_bytes_max = 8192;  // all trailer fields together

  struct step {
    enum class kind : std::uint8_t {
      more,      // everything was consumed and the body goes on
      data,      // `data` is body, a view into the input; call again with what is left
      complete,  // the body and its trailers have ended; what is left belongs to the next message
      refused,   // malformed: 400 (or 502) and close
    };
    kind what;
    std::size_t consumed;  // bytes of the input that are done with, `data` included
    std::string_view data;
  };

  /// Takes the next bytes. Never looks behind the end of the body.
  step decode(std::string_view input);

 private:
  enum class state : std::uint8_t {
    size,  // hexadecimal digits, at least one
    // Extensions, checked and dropped: *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )
    before_semicolon,
    before_name,
    name,
    after_name,
    before_value,
    value,
    quoted_value,
    escaped,
    value_ended,  // its second quote was read
    after_value,
    size_newline,  // the CR of a size line was read
    data,
    data_cr,
    data_newline,
    trailer_start,
    trailer_name,  // a token, up to the colon
    trailer,
    trailer_newline,
    end_newline,
    done,
    broken,
  };
  bool read_extension(char c);

  state state_ = state::size;
  bool digits_seen_ = false;
  std::uint64_t left_ = 0;      // of the chunk
  std::size_t line_bytes_ = 0;  // of the line or the trailers
};

}  // namespace atelier::http
