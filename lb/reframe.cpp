#include "lb/reframe.hpp"

#include <algorithm>
#include <charconv>

namespace atelier::lb {

using http::framing;

reframer::reframer(framing from, std::uint64_t content_length, framing to)
    : from_(from),
      to_(to),
      state_(from == framing::none || (from == framing::sized && content_length == 0) ? state::complete
                                                                                      : state::more),
      left_(from == framing::sized ? content_length : 0) {}

void reframer::pass(std::string_view data, std::string& out) const {
  if (data.empty()) return;
  if (to_ != framing::chunked) {
    out += data;
    return;
  }
  char size[16];
  const auto end = std::to_chars(size, size + sizeof size, data.size(), 16).ptr;
  out.append(size, end).append("\r\n").append(data).append("\r\n");
}

void reframer::complete(std::string& out) {
  state_ = state::complete;
  if (to_ == framing::chunked) out += "0\r\n\r\n";
}

std::size_t reframer::take_chunked(std::string_view input, std::string& out) {
  using kind = http::chunked_decoder::step::kind;
  std::size_t consumed = 0;
  while (consumed < input.size()) {
    const auto step = chunks_.decode(input.substr(consumed));
    consumed += step.consumed;
    if (step.what == kind::data) {
      pass(step.data, out);
    } else if (step.what == kind::complete) {
      complete(out);
      break;
    } else {
      if (step.what == kind::refused) state_ = state::refused;
      break;
    }
  }
  return consumed;
}

std::size_t reframer::take(std::string_view input, std::string& out) {
  if (state_ != state::more || input.empty()) return 0;
  if (from_ == framing::chunked) return take_chunked(input, out);
  if (from_ == framing::sized)
    input = input.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size())));
  if (!passes_in_place()) pass(input, out);
  if (from_ == framing::sized) {
    left_ -= input.size();
    if (left_ == 0) complete(out);
  }
  return input.size();
}

bool reframer::end(std::string& out) {
  if (state_ == state::more && from_ == framing::until_end) complete(out);
  return state_ == state::complete;
}

}  // namespace atelier::lb
