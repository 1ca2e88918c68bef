// A running proxy takes another configuration.
#pragma once

#include "lb/proxy.hpp"
#include "lb/run.hpp"

namespace atelier::lb {

/// Adds, changes, moves and removes workers until they are as wanted, and takes bounds and rules; logs what
/// differs, and what of it needs a restart. Connections and requests under way are not touched. Takes as long
/// as it takes to look up the workers' names.
task<> reload(proxy& running, reread what);

}  // namespace atelier::lb
