#include "core/http/request_id.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <random>

namespace atelier::http {
namespace {

// The two digits of each byte.
constexpr auto hex_of_bytes = [] {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<char, 512> all{};
  for (std::size_t byte = 0; byte < 256; ++byte) {
    all[byte * 2] = digits[byte >> 4];
    all[byte * 2 + 1] = digits[byte & 15];
  }
  return all;
}();

}  // namespace

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= request_id_bytes_max &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

request_ids::request_ids() {
  std::random_device random;
  high_ = std::uint64_t{random()} << 32 | random();
  low_ = std::uint64_t{random()} << 32 | random();
}

std::string_view request_ids::next() {
  // splitmix64: different counters never give the same word.
  const auto mixed = [](std::uint64_t z) {
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
  };
  low_ += 0x9e3779b97f4a7c15U;
  const std::uint64_t words[] = {mixed(high_ ^ low_), mixed(low_)};
  char* at = text_;
  for (const auto word : words)
    for (int shift = 56; shift >= 0; shift -= 8, at += 2)
      std::memcpy(at, &hex_of_bytes[(word >> shift & 255) * 2], 2);
  return {text_, sizeof text_};
}

std::string_view trace_id(std::string_view traceparent) {
  constexpr std::size_t size = sizeof("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") - 1;
  if (traceparent.size() < size) return {};
  const auto is_hex = [](std::string_view text) {
    return text.find_first_not_of("0123456789abcdef") == text.npos;
  };
  const auto is_id = [&](std::string_view text) {
    return is_hex(text) && text.find_first_not_of('0') != text.npos;
  };
  const auto version = traceparent.substr(0, 2);
  const auto trace = traceparent.substr(3, 32);
  const auto more = traceparent.substr(size);
  if (traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-' || !is_hex(version) ||
      version == "ff" || !is_id(trace) || !is_id(traceparent.substr(36, 16)) ||
      !is_hex(traceparent.substr(53, 2)))
    return {};
  if (!more.empty() && (version == "00" || more.front() != '-')) return {};
  return trace;
}

}  // namespace atelier::http
