#include "core/buffer.hpp"

#include <catch2/catch.hpp>

#include <cstring>
#include <string>

namespace {

void put(atelier::buffer& to, const std::string& text) {
  to.reserve(to.size() + text.size());
  std::memcpy(to.space(), text.data(), text.size());
  to.commit(text.size());
}

}  // namespace

TEST_CASE("a buffer takes text before its first byte as far as there is room") {
  atelier::buffer bytes(16, 4);
  CHECK(bytes.space_bytes() == 16);
  put(bytes, "head body");
  bytes.consume(5);
  CHECK_FALSE(bytes.prepend("ten bytes!"));
  CHECK(bytes.readable() == "body");
  CHECK(bytes.prepend("new head "));
  CHECK(bytes.readable() == "new head body");
  CHECK_FALSE(bytes.prepend("x"));
}

TEST_CASE("a buffer gives back what its bytes do not need, and nothing that they do") {
  atelier::buffer bytes(16, 4);
  put(bytes, std::string(40, 'a') + "rest");
  bytes.shrink(16);
  CHECK(bytes.capacity() > 40);
  bytes.consume(40);
  bytes.shrink(16);
  CHECK(bytes.capacity() == 20);
  CHECK(bytes.readable() == "rest");
  CHECK(bytes.space_bytes() == 12);
  CHECK(bytes.prepend("1234"));
}

TEST_CASE("a buffer keeps its room in front when it grows, moves its bytes and is emptied") {
  atelier::buffer bytes(16, 4);
  put(bytes, std::string(16, 'a'));
  put(bytes, std::string(40, 'b'));
  CHECK(bytes.readable() == std::string(16, 'a') + std::string(40, 'b'));
  CHECK(bytes.prepend("1234"));
  bytes.consume(50);
  bytes.reserve(bytes.capacity() - 4);  // only by moving
  CHECK(bytes.readable() == std::string(10, 'b'));
  CHECK(bytes.prepend("1234"));
  bytes.consume(14);
  CHECK(bytes.empty());
  CHECK(bytes.prepend("1234"));
  CHECK_FALSE(bytes.prepend("5"));
  CHECK(bytes.readable() == "1234");
}
