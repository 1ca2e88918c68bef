#include "db/arguments.hpp"

#include "db/answer.hpp"

#include <catch2/catch.hpp>

using namespace atelier::db;

namespace {

std::string bytes_of(const arguments& with, std::size_t index) {
  return {with.values()[index], static_cast<std::size_t>(with.lengths()[index])};
}

}  // namespace

TEST_CASE("integers are sent in network byte order") {
  arguments with;
  with.add_int8(0x0102030405060708).add_int4(-2).add_int2(258).add_bool(true).add_text("").add_null();
  CHECK(bytes_of(with, 0) == "\x01\x02\x03\x04\x05\x06\x07\x08");
  CHECK(bytes_of(with, 1) == "\xff\xff\xff\xfe");
  CHECK(bytes_of(with, 2) == "\x01\x02");
  CHECK(bytes_of(with, 3) == "\x01");
  CHECK(bytes_of(with, 4).empty());
  CHECK(with.values()[4] != nullptr);
  CHECK(with.values()[5] == nullptr);
}

TEST_CASE("an array reads back as it was written") {
  const std::vector<std::int64_t> numbers{1, -1, INT64_MAX};
  const std::vector<std::string> texts{"a", "", "längere"};
  arguments with;
  with.add_int8_array(numbers).add_text_array(texts).add_int8_array({});
  const auto first = bytes_of(with, 0);
  const auto second = bytes_of(with, 1);
  const auto third = bytes_of(with, 2);
  array_reader a(first);
  for (const auto number : numbers) CHECK(a.next_int8() == number);
  CHECK(a.left() == 0);
  array_reader b(second);
  REQUIRE(b.left() == 3);
  for (const auto& text : texts) CHECK(b.next() == text);
  CHECK(array_reader(third).left() == 0);
  CHECK(array_reader({}).left() == 0);
}

TEST_CASE("arguments are copied from another list as they are") {
  arguments from, to;
  from.add_int8(-5).add_null().add_text("x");
  CHECK(from.int8_at(0) == -5);
  to.add_from(from, 2).add_from(from, 1).add_from(from, 0);
  CHECK(bytes_of(to, 0) == "x");
  CHECK(to.values()[1] == nullptr);
  CHECK(to.int8_at(2) == -5);
}
