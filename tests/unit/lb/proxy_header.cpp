#include "lb/proxy_header.hpp"

#include <catch2/catch.hpp>

using namespace atelier::lb;
using kind = proxy_header::kind;

namespace {

std::string version_2(unsigned char command, unsigned char family, const std::string& addresses) {
  std::string bytes("\r\n\r\n\0\r\nQUIT\n", 12);
  bytes += static_cast<char>(command);
  bytes += static_cast<char>(family);
  bytes += static_cast<char>(addresses.size() >> 8);
  bytes += static_cast<char>(addresses.size() & 255);
  return bytes + addresses;
}

const std::string v4_addresses("\xc0\x00\x02\x01\xc0\x00\x02\x02\x00\x50\x00\x51", 12);

}  // namespace

TEST_CASE("a header of either version names the client, in pieces of any size") {
  const std::string v6 =
      std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x01" + std::string(20, 'x');
  for (const auto& [bytes, client] : std::initializer_list<std::pair<std::string, std::string>>{
           {"PROXY TCP4 192.0.2.1 192.0.2.2 1234 80\r\n", "192.0.2.1"},
           {"PROXY TCP6 2001:db8::1 ::1 1234 80\r\n", "2001:db8::1"},
           {"PROXY UNKNOWN\r\n", ""},
           {"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", ""},
           {version_2(0x21, 0x11, v4_addresses), "192.0.2.1"},
           {version_2(0x21, 0x11, v4_addresses + "\x04\x00\x01x"), "192.0.2.1"},
           {version_2(0x21, 0x21, v6), "2001:db8::1"},
           {version_2(0x20, 0x00, ""), ""},
           {version_2(0x21, 0x31, std::string(216, 'x')), ""},
       }) {
    const auto whole = bytes + "GET / HTTP/1.1\r\n";
    for (std::size_t n = 0; n < bytes.size(); ++n)
      CHECK(read_proxy_header(whole.substr(0, n)).what == kind::incomplete);
    const auto read = read_proxy_header(whole);
    CHECK(read.what == kind::complete);
    CHECK(read.size == bytes.size());
    CHECK(read.client == client);
  }
}

TEST_CASE("what is no header is refused") {
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\n"), std::string("PROXY TCP4 192.0.2.1 192.0.2.2 1234\r\n"),
        std::string("PROXY TCP4 2001:db8::1 ::1 1234 80\r\n"), std::string("PROXY TCP4 x y 1 2\r\n"),
        std::string("PROXY TCP4 192.0.2.1 192.0.2.2 99999 80\r\n"),
        std::string("PROXY TCP4 192.0.2.1 192.0.2.2 1 -1\r\n"), std::string("PROXY ") + std::string(200, 'x'),
        std::string("PROXY TCP4\n"), version_2(0x11, 0x11, v4_addresses), version_2(0x22, 0x11, v4_addresses),
        version_2(0x21, 0x11, "short"), version_2(0x21, 0x21, v4_addresses),
        version_2(0x21, 0x11, std::string(600, 'x'))})
    CHECK(read_proxy_header(bytes).what == kind::refused);
}
