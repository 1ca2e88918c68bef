#include "lb/proxy_header.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace atelier::lb {
namespace {

namespace ip = boost::asio::ip;
using kind = proxy_header::kind;

constexpr std::string_view start_1 = "PROXY ";
constexpr std::string_view start_2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t line_bytes_max = 107;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (;;) {
    const auto blank = line.find(' ');
    words.push_back(line.substr(0, blank));
    if (blank == line.npos) return words;
    line.remove_prefix(blank + 1);
  }
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == text.npos &&
         std::stoul(std::string(text)) <= 65535;
}

proxy_header read_version_1(std::string_view bytes) {
  const auto newline = bytes.find('\n');
  if (newline == bytes.npos) return {bytes.size() >= line_bytes_max ? kind::refused : kind::incomplete};
  if (bytes[newline - 1] != '\r' || newline + 1 > line_bytes_max) return {kind::refused};
  const auto end = newline - 1;
  const auto words = words_of(bytes.substr(0, end));
  if (words.size() >= 2 && words[1] == "UNKNOWN") return {kind::complete, end + 2};
  if (words.size() != 6 || !is_port(words[4]) || !is_port(words[5])) return {kind::refused};
  boost::system::error_code error;
  const auto source = ip::make_address(words[2], error);
  if (!error) (void)ip::make_address(words[3], error);
  if (error || words[1] != (source.is_v4() ? "TCP4" : "TCP6")) return {kind::refused};
  return {kind::complete, end + 2, source.to_string()};
}

proxy_header read_version_2(std::string_view bytes) {
  constexpr std::size_t fixed = 16;
  if (bytes.size() < fixed) return {kind::incomplete};
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned version = at(12) >> 4;
  const unsigned command = at(12) & 15U;
  const std::size_t size = fixed + (std::size_t{at(14)} << 8 | at(15));
  if (version != 2 || command > 1 || size > proxy_header_bytes_max) return {kind::refused};
  if (bytes.size() < size) return {kind::incomplete};
  if (command == 0) return {kind::complete, size};  // LOCAL: the balancer asks for itself
  const unsigned family = at(13) >> 4;
  if (family == 1) {
    if (size < fixed + 12) return {kind::refused};
    ip::address_v4::bytes_type v4;
    std::copy_n(bytes.begin() + fixed, v4.size(), v4.begin());
    return {kind::complete, size, ip::address_v4(v4).to_string()};
  }
  if (family == 2) {
    if (size < fixed + 36) return {kind::refused};
    ip::address_v6::bytes_type v6;
    std::copy_n(bytes.begin() + fixed, v6.size(), v6.begin());
    return {kind::complete, size, ip::address_v6(v6).to_string()};
  }
  return {kind::complete, size};
}

}  // namespace

proxy_header read_proxy_header(std::string_view bytes) {
  for (const auto& [start, read] :
       {std::pair(start_1, &read_version_1), std::pair(start_2, &read_version_2)}) {
    const auto known = std::min(bytes.size(), start.size());
    if (bytes.substr(0, known) != start.substr(0, known)) continue;
    return known < start.size() ? proxy_header{kind::incomplete} : read(bytes);
  }
  return {kind::refused};
}

}  // namespace atelier::lb
