#include "app/stack/back_off.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace atelier::stack;
using namespace std::chrono_literals;

TEST_CASE("the first death is answered at once, the next ones after doubling pauses up to a limit",
          "[stack]") {
  restart_plan plan;
  std::vector<long> pauses;
  for (int i = 0; i < 9; ++i) {
    plan = after_death(plan, 10ms);
    pauses.push_back(plan.pause.count());
  }
  CHECK(pauses == std::vector<long>{0, 200, 400, 800, 1600, 3200, 6400, 10000, 10000});
}

TEST_CASE("a child that lived long is forgiven its past", "[stack]") {
  restart_plan plan;
  for (int i = 0; i < 5; ++i) plan = after_death(plan, 10ms);
  plan = after_death(plan, 30s);
  CHECK(plan.deaths_in_a_row == 1);
  CHECK(plan.pause == 0ms);
}
