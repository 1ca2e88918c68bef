// A body on its way through: read strictly as it is framed, framed anew as the other side wants it.
#pragma once

#include "core/http/chunked.hpp"
#include "core/http/head.hpp"

#include <string>
#include <string_view>

namespace atelier::lb {

/// One object a body. Pure: bytes in, bytes out, no memory of its own.
class reframer {
 public:
  reframer() = default;  // no body: complete from the start
  reframer(http::framing from, std::uint64_t content_length, http::framing to);

  enum class state : std::uint8_t { more, complete, refused };

  /// True if bytes pass as they are: then take() writes nothing, and what it consumed is to be sent from
  /// where it stands.
  bool passes_in_place() const { return from_ == to_ && from_ != http::framing::chunked; }

  /// Consumes what belongs to the body, all of it unless the body ends before; appends the other framing to
  /// `out`.
  std::size_t take(std::string_view input, std::string& out);

  /// The sender closed its connection. True if that ends the body rightly; appends what is due.
  bool end(std::string& out);

  state now() const { return state_; }

 private:
  std::size_t take_chunked(std::string_view input, std::string& out);
  void pass(std::string_view data, std::string& out) const;
  void complete(std::string& out);

  http::framing from_ = http::framing::none;
  http::framing to_ = http::framing::none;
  state state_ = state::complete;
  std::uint64_t left_ = 0;  // of a sized body
  http::chunked_decoder chunks_;
};

}  // namespace atelier::lb
