#include "core/http/body.hpp"

#include <algorithm>
#include <cstring>

namespace atelier::http {

request_reader::state request_reader::refuse(unsigned status, std::string_view reason) {
  status_ = status;
  reason_ = reason;
  return state::refused;
}

request_reader::state request_reader::look(buffer& in, request_head& head, const head_limits& limits,
                                           std::size_t body_bytes_max) {
  constexpr std::size_t growth = 4096;
  // Empty lines before a request are ignored (RFC 9112 section 2.2): they are no part of one, start no clock
  // and move none, however they are cut.
  while (head_bytes_ == 0 && in.readable().starts_with("\r\n")) in.consume(2);
  if (in.empty() || (head_bytes_ == 0 && in.readable() == "\r")) return state::nothing;
  if (head_bytes_ > 0 && in.size() < bytes_wanted_ && head.body == framing::sized) return state::body;
  if (head_bytes_ == 0 || head.body == framing::sized) {
    // A sized body that is now complete: the buffer may have moved since its head was read, so read that
    // again.
    const auto outcome = parse_request_head(in.readable(), limits, head);
    if (outcome.what == head_outcome::kind::refused) return refuse(outcome.status, outcome.reason);
    if (outcome.what == head_outcome::kind::incomplete) {
      bytes_wanted_ = std::min(in.size() + growth, limits.head_bytes_max + growth);
      return state::head;
    }
    head_bytes_ = outcome.size;
    raw_end_ = outcome.size;
  }
  switch (head.body) {
    case framing::chunked:
      return look_for_chunks(in, head, limits, body_bytes_max);
    case framing::sized:
      if (head.content_length > body_bytes_max) return refuse(413, "body too large");
      whole_bytes_ = head_bytes_ + static_cast<std::size_t>(head.content_length);
      break;
    default:
      whole_bytes_ = head_bytes_;
      break;
  }
  if (in.size() < whole_bytes_) {
    bytes_wanted_ = whole_bytes_;
    return state::body;
  }
  body_ = in.readable().substr(head_bytes_, whole_bytes_ - head_bytes_);
  return state::complete;
}

request_reader::state request_reader::look_for_chunks(buffer& in, request_head& head,
                                                      const head_limits& limits, std::size_t body_bytes_max) {
  constexpr std::size_t growth = 16 * 1024;
  for (;;) {
    const auto step = chunks_.decode(in.readable().substr(raw_end_));
    raw_end_ += step.consumed;
    switch (step.what) {
      case chunked_decoder::step::kind::refused:
        return refuse(400, "malformed chunked body");
      case chunked_decoder::step::kind::data:
        if (body_bytes_ + step.data.size() > body_bytes_max) return refuse(413, "body too large");
        std::memmove(in.data() + head_bytes_ + body_bytes_, step.data.data(), step.data.size());
        body_bytes_ += step.data.size();
        break;
      case chunked_decoder::step::kind::more: {
        // Close the gap between what is decoded and what is to come, so that the buffer is bounded by the
        // body and not by its coding.
        const auto decoded_end = head_bytes_ + body_bytes_;
        closed_gaps_bytes_ += in.size() - decoded_end;
        in.truncate(decoded_end);
        raw_end_ = decoded_end;
        bytes_wanted_ = decoded_end + growth;
        return state::body;
      }
      case chunked_decoder::step::kind::complete:
        whole_bytes_ = raw_end_;
        (void)parse_request_head(in.readable(), limits, head);  // fresh views
        body_ = in.readable().substr(head_bytes_, body_bytes_);
        return state::complete;
    }
  }
}

void request_reader::consume(buffer& in) {
  in.consume(whole_bytes_);
  *this = {};
}

}  // namespace atelier::http
