// The command line of atelier-bench.
#pragma once

namespace atelier::bench {

/// Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a threshold was missed.
int run_program(int argc, char** argv);

}  // namespace atelier::bench
