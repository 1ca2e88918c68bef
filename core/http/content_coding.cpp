#include "core/http/content_coding.hpp"

#include "core/http/characters.hpp"

#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace atelier::http {
namespace {

// "gzip;q=0.5" is gzip, and weighs something; "gzip; q=0.000" is refused.
struct coding {
  std::string_view name;
  bool accepted;
};

coding coding_of(std::string_view element) {
  const auto semicolon = std::min(element.find(';'), element.size());
  const auto name = trim(element.substr(0, semicolon));
  const auto weight = trim(element.substr(std::min(semicolon + 1, element.size())));
  const bool weighed = weight.starts_with("q=") || weight.starts_with("Q=");
  return {name, !weighed || weight.find_first_of("123456789") != weight.npos};
}

}  // namespace

bool accepts_gzip(const field_list& fields) {
  std::optional<bool> gzip, any;
  for (const auto& field : fields) {
    if (!equals_ignoring_case(field.name, "accept-encoding")) continue;
    for_each_element(field.value, [&](std::string_view element) {
      const auto [name, accepted] = coding_of(element);
      if (equals_ignoring_case(name, "gzip") || equals_ignoring_case(name, "x-gzip")) gzip = accepted;
      if (name == "*") any = accepted;
    });
  }
  return gzip.value_or(any.value_or(false));
}

std::string gunzip(std::string_view packed) {
  constexpr int gzip_only = 16 + MAX_WBITS;
  z_stream stream{};
  if (inflateInit2(&stream, gzip_only) != Z_OK) throw std::runtime_error("zlib does not start");
  stream.next_in = reinterpret_cast<const Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string bytes;
  int state = Z_OK;
  while (state == Z_OK) {
    const auto done = bytes.size();
    bytes.resize(done + 4 * packed.size() + 64);
    stream.next_out = reinterpret_cast<Bytef*>(bytes.data() + done);
    stream.avail_out = static_cast<uInt>(bytes.size() - done);
    state = inflate(&stream, Z_NO_FLUSH);
    bytes.resize(bytes.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (state != Z_STREAM_END) throw std::runtime_error("a file in the program is no gzip: build it anew");
  return bytes;
}

}  // namespace atelier::http
