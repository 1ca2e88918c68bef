#include "app/api/parameters.hpp"

#include <catch2/catch.hpp>

using namespace atelier::api;

TEST_CASE("an id is digits from 1 to 2^63-1, leading zeros count for nothing") {
  CHECK(parse_id("1") == 1);
  CHECK(parse_id("00042") == 42);
  CHECK(parse_id("9223372036854775807") == INT64_MAX);
  for (const auto* text : {"", "0", "000", "-1", "+1", " 1", "1 ", "5.55", "hello", "null",
                           "9223372036854775808", "1e3", "0x1"}) {
    INFO(text);
    CHECK_FALSE(parse_id(text));
  }
}

TEST_CASE("of a repeated parameter the first counts, decoded") {
  std::string room;
  CHECK(parse_query("page=1&page=2").page.decoded(room) == "1");
  CHECK(parse_query("x&page=%31+x%zz%4").page.decoded(room) == "1 x%zz%4");
  CHECK(parse_query("%70age=7").page.decoded(room) == "7");
  CHECK(parse_query("page").page.decoded(room).empty());
  CHECK(parse_query("page").page.is_there);
  CHECK(parse_query("page=a=b&&=&sort=newest").page.decoded(room) == "a=b");
  CHECK(parse_query("page=a=b&&=&sort=newest").sort.decoded(room) == "newest");
  CHECK_FALSE(parse_query("apage=1&pagea=2&PAGE=3").page.is_there);
}

TEST_CASE("what frontends send before they know better is the default page") {
  for (const auto* query :
       {"", "page=&count=", "page=NaN&count=undefined", "page=null&count=NaN", "page=0"}) {
    INFO(query);
    const auto asked = parse_paging(parse_query(query));
    REQUIRE(asked.has_value());
    CHECK(asked->page == 1);
    CHECK(asked->count == 5);
  }
  CHECK(parse_paging(parse_query("count=0"))->count == 0);
  CHECK(parse_paging(parse_query("count=1000000"))->count == 1'000'000);
}

TEST_CASE("an invalid page or count says which") {
  CHECK(parse_paging(parse_query("page=x&count=x")).error().sentence == "Error: invalid page provided");
  CHECK(parse_paging(parse_query("count=-1")).error().sentence == "Error: invalid count provided");
  CHECK_FALSE(parse_paging(parse_query("count=9223372036854775808")).has_value());
  CHECK_FALSE(parse_paging(parse_query("page=1.5")).has_value());
}

TEST_CASE("the rows before a page never overflow") {
  CHECK(paging{3, 5}.offset() == 10);
  CHECK(paging{INT64_MAX, INT64_MAX}.offset() == INT64_MAX);
  CHECK(paging{INT64_MAX, 0}.offset() == 0);
}

TEST_CASE("an unknown sort is relevant") {
  CHECK(parse_sort(parse_query("sort=newest")) == review_order::newest);
  CHECK(parse_sort(parse_query("sort=helpful")) == review_order::helpful);
  CHECK(parse_sort(parse_query("sort=NEWEST")) == review_order::relevant);
  CHECK(parse_sort(parse_query("")) == review_order::relevant);
}
