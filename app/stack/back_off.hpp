// When a child that died is started again.
#pragma once

#include <algorithm>
#include <chrono>

namespace atelier::stack {

struct restart_policy {
  std::chrono::milliseconds first =
      std::chrono::milliseconds(200);  // pause after the second death in a row; the first has none
  std::chrono::milliseconds longest = std::chrono::seconds(10);
  std::chrono::milliseconds calm =
      std::chrono::seconds(30);  // a child that lived that long is forgiven its past
};

struct restart_plan {
  int deaths_in_a_row = 0;
  std::chrono::milliseconds pause{0};
};

/// What to do after one more death of a child that lived that long: at once the first time, then doubling
/// pauses.
constexpr restart_plan after_death(const restart_plan& before, std::chrono::milliseconds lived,
                                   const restart_policy& policy = {}) {
  if (lived >= policy.calm || before.deaths_in_a_row == 0) return {1, std::chrono::milliseconds(0)};
  const auto doubled = before.pause.count() == 0 ? policy.first : before.pause * 2;
  return {before.deaths_in_a_row + 1, std::min(doubled, policy.longest)};
}

}  // namespace atelier::stack
