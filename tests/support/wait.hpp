// Waiting for something that another process does.
#pragma once

#include <chrono>
#include <functional>

namespace atelier::test {

/// Asks again every few milliseconds until it is true or the time is over. Returns the last answer.
bool wait_until(std::chrono::milliseconds at_most, const std::function<bool()>& is_true);

}  // namespace atelier::test
