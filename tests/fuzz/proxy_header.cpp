// A PROXY protocol header: never read behind its end, and never another outcome for more bytes.
#include "lb/proxy_header.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atelier::lb;
  using kind = proxy_header::kind;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = read_proxy_header(bytes);
  if (whole.what == kind::complete && (whole.size == 0 || whole.size > size)) std::abort();
  for (std::size_t n = 0; n < size && n < 64; ++n) {
    const auto part = read_proxy_header(bytes.substr(0, n));
    if (part.what == kind::incomplete) continue;
    if (part.what != whole.what || part.size != whole.size || part.client != whole.client) std::abort();
  }
  return 0;
}
