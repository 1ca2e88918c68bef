// A request in a buffer: is it all there?
#pragma once

#include "core/buffer.hpp"
#include "core/http/chunked.hpp"
#include "core/http/head.hpp"

namespace atelier::http {

/// Finds one complete request at the front of a buffer, body included; a chunked body is decoded in place.
/// Pure but for the buffer: feed it bytes as they come and ask again.
class request_reader {
 public:
  enum class state {
    nothing,   // not one byte of a request, but perhaps the first half of an empty line
    head,      // in the middle of the head
    body,      // head complete, body not
    complete,  // head() and body() may be used, until consume()
    refused,   // answer status() and close
  };

  /// Looks at the buffer again. `head` is filled when the head is complete; its views end when the buffer
  /// moves, but a complete request's are always fresh.
  state look(buffer& in, request_head& head, const head_limits& limits, std::size_t body_bytes_max);

  std::string_view body() const { return body_; }
  /// Of the complete request, as it came: with its head, and with the coding of its chunks.
  std::size_t received_bytes() const { return whole_bytes_ + closed_gaps_bytes_; }
  /// Of one that is not complete: what came of it until now.
  std::size_t received_bytes(const buffer& in) const { return in.size() + closed_gaps_bytes_; }
  unsigned status() const { return status_; }
  std::string_view reason() const { return reason_; }
  bool head_is_known() const { return head_bytes_ > 0; }
  /// The buffer must be able to hold this many readable bytes for the request to become complete.
  std::size_t bytes_wanted() const { return bytes_wanted_; }

  /// Drops the complete request from the buffer; what follows is the next.
  void consume(buffer& in);

 private:
  state refuse(unsigned status, std::string_view reason);
  state look_for_chunks(buffer& in, request_head& head, const head_limits& limits,
                        std::size_t body_bytes_max);

  std::size_t head_bytes_ = 0;         // 0: the head is not complete yet
  std::size_t raw_end_ = 0;            // chunked: up to here the buffer has been decoded
  std::size_t body_bytes_ = 0;         // chunked: decoded so far, right behind the head
  std::size_t whole_bytes_ = 0;        // of the complete request, as it stands in the buffer
  std::size_t closed_gaps_bytes_ = 0;  // chunked: coding that was dropped from the buffer before
  std::size_t bytes_wanted_ = 0;
  std::string_view body_;
  chunked_decoder chunks_;
  unsigned status_ = 0;
  std::string_view reason_;
};

}  // namespace atelier::http
