// Asks a worker again and again whether it is ready.
#pragma once

#include "lb/context.hpp"

namespace atelier::lb {

/// Probes until the loop stops: GET of rules.path on a connection of its own, every rules.interval, good if
/// the answer is 2xx or 3xx and comes within rules.timeout. `stopped`, or the worker's
/// leaving, ends it at the next turn.
task<> probe(context& shared, std::shared_ptr<worker> asked, const probe_rules& rules, const bool& stopped);

}  // namespace atelier::lb
