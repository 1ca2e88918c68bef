// Chunked bodies: decoded the same however the bytes come, and framed anew they are the same body again.
#include "core/http/chunked.hpp"

#include "lb/reframe.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace atelier;
using kind = http::chunked_decoder::step::kind;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

struct decoded {
  std::string data;
  std::size_t consumed = 0;
  kind end = kind::more;

  friend bool operator==(const decoded&, const decoded&) = default;
};

decoded decode(std::string_view bytes, std::size_t piece) {
  http::chunked_decoder decoder;
  decoded all;
  std::size_t at = 0;
  while (at < bytes.size() && all.end == kind::more) {
    auto part = bytes.substr(at, piece);
    while (!part.empty()) {
      const auto step = decoder.decode(part);
      require(step.consumed <= part.size());
      part.remove_prefix(step.consumed);
      at += step.consumed;
      all.data += step.data;
      if (step.what == kind::complete || step.what == kind::refused) {
        all.end = step.what;
        break;
      }
      if (step.what == kind::more) require(part.empty());
    }
  }
  all.consumed = at;
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(input + 1), size - 1);
  const auto whole = decode(bytes, bytes.size() + 1);
  require(whole == decode(bytes, 1));
  require(whole == decode(bytes, std::size_t{1} + input[0] % 16));

  lb::reframer body(http::framing::chunked, 0, http::framing::chunked);
  std::string written;
  const auto taken = body.take(bytes, written);
  require((body.now() == lb::reframer::state::complete) == (whole.end == kind::complete));
  require((body.now() == lb::reframer::state::refused) == (whole.end == kind::refused));
  const auto again = decode(written, written.size() + 1);
  require(again.data == whole.data);
  if (whole.end != kind::complete) {
    require(again.end == kind::more);  // never a last chunk that was not sent
    return 0;
  }
  require(taken == whole.consumed && again.end == kind::complete && again.consumed == written.size());
  return 0;
}
