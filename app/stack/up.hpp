// Everything on this machine: database, schema, data, workers, proxy.
#pragma once

#include "app/stack/premises.hpp"

namespace atelier::stack {

/// Runs it until SIGINT or SIGTERM; says on stdout where it answers, once it does. Returns the exit code.
int run_up(const up_options& asked);

}  // namespace atelier::stack
