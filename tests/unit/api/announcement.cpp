#include "app/api/announcement.hpp"

#include <catch2/catch.hpp>

using namespace atelier::api;

TEST_CASE("what the SQL of a write appends to its stamp is read back") {
  const sender from{0x7fedcba987654321, "127.0.0.1:4711", 42};
  const auto heard = parse_announcement(stamp_of(from) + " r12 v9223372036854775807 q3 a4");
  REQUIRE(heard);
  CHECK(heard->what == announcement::kind::changed);
  CHECK(heard->from.id == from.id);
  CHECK(heard->from.echo_address == from.echo_address);
  CHECK(heard->from.number == 42);
  const std::vector<topic> topics{{topic::kind::reviews, 12},
                                  {topic::kind::review, INT64_MAX},
                                  {topic::kind::questions, 3},
                                  {topic::kind::answers, 4}};
  CHECK(heard->topics == topics);
}

TEST_CASE("an announcement without topics is one") {
  const auto heard = parse_announcement(stamp_of({1, "-", 1}));
  REQUIRE(heard);
  CHECK(heard->topics.empty());
}

TEST_CASE("who comes and goes, and that all has changed, is read") {
  CHECK(parse_announcement("all")->what == announcement::kind::all);
  CHECK(parse_announcement("joined 17")->what == announcement::kind::joined);
  CHECK(parse_announcement("left 17")->what == announcement::kind::left);
  CHECK(parse_announcement("evicted 17")->what == announcement::kind::evicted);
  CHECK(parse_announcement("evicted 17")->member == 17);
}

TEST_CASE("what is not one of ours is nothing") {
  for (const auto* text :
       {"", "changed", "changed x - 1", "changed 1 - x", "changed 1 - 1 r", "changed 1 - 1 z5",
        "changed 1 - 1 r5x", "changed 1 - 1  r5", "joined", "joined x", "joined 1 2", "hello"})
    CHECK_FALSE(parse_announcement(text));
}

TEST_CASE("an echo is read back, and damaged bytes are nothing") {
  const echo sent{1, 0x7fffffffffffffff, {1, 2, 0xffffffffffffffff}};
  const auto bytes = bytes_of(sent);
  CHECK(bytes.size() == 40);
  const auto heard = parse_echo(bytes);
  REQUIRE(heard);
  CHECK(heard->to == sent.to);
  CHECK(heard->from == sent.from);
  CHECK(heard->numbers == sent.numbers);
  CHECK_FALSE(parse_echo(bytes.substr(1)));
  CHECK_FALSE(parse_echo(bytes.substr(0, 16)));
  CHECK_FALSE(parse_echo(std::string(8 * 200, 'x')));
}
