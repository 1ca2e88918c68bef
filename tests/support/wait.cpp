#include "support/wait.hpp"

#include <thread>

namespace atelier::test {

bool wait_until(std::chrono::milliseconds at_most, const std::function<bool()>& is_true) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  while (!is_true()) {
    if (std::chrono::steady_clock::now() >= deadline) return is_true();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace atelier::test
