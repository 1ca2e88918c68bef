#include "etl/build_pool.hpp"

#include <catch2/catch.hpp>

using namespace atelier::etl;

TEST_CASE("an index is built in memory if its rows fit into the share, else in the usual 256 MB") {
  CHECK(build_memory_mb(0, 0) == 256);
  CHECK(build_memory_mb(1'000'000, 512) == 256);
  CHECK(build_memory_mb(6'000'000, 512) == 458);
  CHECK(build_memory_mb(19'300'000, 1506) == 1473);
  CHECK(build_memory_mb(19'300'000, 1472) == 256);
  CHECK(build_memory_mb(19'300'000, 0) == 256);
}
