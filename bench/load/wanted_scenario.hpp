// The scenario as the command line wants it.
#pragma once

#include "bench/load/run_command.hpp"
#include "bench/load/scenario.hpp"

namespace atelier::bench {

/// The named scenario, or the one target, with what the words change of it. Errors name the word.
result<scenario> wanted_scenario(const run_words& w);

/// The longest that a run of it can take, its timeout included.
nanoseconds longest_run(const scenario& s);

}  // namespace atelier::bench
