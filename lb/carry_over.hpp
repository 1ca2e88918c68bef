// What operators have made of the workers of a running proxy goes on in the process that takes over from it.
#pragma once

#include "lb/worker.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace atelier::lb {

struct kept_worker {
  worker_settings settings;
  bool drained = false;
};

/// The workers of a proxy: as its configuration says, and as they are since operators changed something.
/// Those that are on their way out are none.
struct worker_record {
  std::vector<worker_settings> configured;
  std::vector<kept_worker> running;
};

/// One worker a line.
std::string to_text(const worker_record& record);

/// Passes over what it does not understand.
worker_record read_record(std::string_view text);

/// The workers that a process begins with whose configuration says `wanted`. A worker of which it says what
/// it said before is as it was: with its weight, or removed; one that was added stays. Where it says
/// something new that counts. Drained is what was drained.
std::vector<kept_worker> carry_over(const std::vector<worker_settings>& wanted, const worker_record& former);

}  // namespace atelier::lb
