#include "lb/affinity.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <string>

using atelier::lb::route_key;
using atelier::lb::target_key;

TEST_CASE("a target has its key, query and all") {
  CHECK(target_key("/reviews?product_id=1") == target_key("/reviews?product_id=1"));
  CHECK(target_key("/reviews?product_id=1") != target_key("/reviews?product_id=2"));
}

TEST_CASE("a route has one key, whatever numbers and empty segments are in it") {
  CHECK(route_key("/qa/questions/17/answers") == route_key("/qa/questions/4/answers/"));
  CHECK(route_key("/reviews") == route_key("/reviews/"));
  CHECK(route_key("/reviews") == route_key("//reviews"));
  CHECK(route_key("/reviews/12345678901234567890123") == route_key("/reviews"));
  CHECK(route_key("") == route_key("/"));
}

TEST_CASE("routes have keys of their own") {
  const std::set<std::uint64_t> keys{route_key("/"),
                                     route_key("/reviews"),
                                     route_key("/reviews/meta"),
                                     route_key("/meta/reviews"),
                                     route_key("/qa"),
                                     route_key("/qa/questions"),
                                     route_key("/qa/questions/1/answers"),
                                     route_key("/reviewsmeta"),
                                     route_key("/reviews/1a"),
                                     route_key("/reviews/%31")};
  CHECK(keys.size() == 10);
}
