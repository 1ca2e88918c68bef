#include "db/patience.hpp"

#include <catch2/catch.hpp>

using namespace atelier::db;
using namespace std::chrono_literals;

TEST_CASE("reads wait twice as long as turns take, within bounds") {
  patience p;
  CHECK(p.of_now() == patience::least);
  for (int i = 0; i < 100; ++i) p.came_back(1ms);
  CHECK(p.of_now() > 1900us);
  CHECK(p.of_now() <= 2ms);
  for (int i = 0; i < 100; ++i) p.came_back(10us);
  CHECK(p.of_now() == patience::least);
}

TEST_CASE("a turn that was slow teaches little patience") {
  patience p;
  for (int i = 0; i < 100; ++i) p.came_back(500us);
  p.came_back(10s);
  CHECK(p.of_now() < 2ms);
  for (int i = 0; i < 100; ++i) p.came_back(10s);
  CHECK(p.of_now() == patience::most);
}
