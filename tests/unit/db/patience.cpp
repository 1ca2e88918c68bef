#include "db/patience.hpp"

#include <catch2/catch.hpp>

using namespace atelier::db;
using namespace std::chrono_literals;

TEST_CASE("reads wait twice as long as turns take, within bounds") {
  patience p;
  CHECK(p.for_turn() == patience::least);
  for (int i = 0; i < 100; ++i) p.came_back(1ms, 1);
  CHECK(p.for_turn() > 1900us);
  CHECK(p.for_turn() <= 2ms);
  for (int i = 0; i < 100; ++i) p.came_back(10us, 1);
  CHECK(p.for_turn() == patience::least);
}

TEST_CASE("a turn that was slow teaches little patience") {
  patience p;
  for (int i = 0; i < 100; ++i) p.came_back(500us, 1);
  p.came_back(10s, 1);
  CHECK(p.for_turn() < 2ms);
  for (int i = 0; i < 100; ++i) p.came_back(10s, 1);
  CHECK(p.for_turn() == patience::most);
}

TEST_CASE("reads wait for no more company than there was lately, nor for more than is worth it") {
  patience p;
  CHECK(p.company() == 0);
  p.came_back(1ms, 4);
  CHECK(p.company() == 4);
  p.came_back(1ms, 2);
  CHECK(p.company() == 3);  // it may have been chance
  for (int i = 0; i < 100; ++i) p.came_back(1ms, 2);
  CHECK(p.company() == 2);
  p.came_back(1ms, 30);
  CHECK(p.company() == 8);
}

TEST_CASE("reads wait for company four times as long as turns take, within bounds") {
  patience p;
  CHECK(p.for_company() == patience::least);
  for (int i = 0; i < 100; ++i) p.came_back(500us, 4);
  CHECK(p.for_company() > 1900us);
  CHECK(p.for_company() <= 2ms);
  for (int i = 0; i < 100; ++i) p.came_back(4ms, 4);
  CHECK(p.for_company() == patience::most_for_company);
}
