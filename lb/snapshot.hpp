// The proxy as JSON: the answers of /workers, and the events of /events.
#pragma once

#include "lb/control.hpp"
#include "lb/history.hpp"

#include <string>

namespace atelier::lb {

/// The list of workers, and one of them.
std::string render_workers(const proxy& seen);
std::string render_worker(const proxy& seen, const worker& one);

/// What does not change while the program runs, of the address that is asked: how long the history is, and
/// whether changes need a token.
std::string render_about(const access_rule& rule);

/// The last minute, oldest first: a list of what `moment` of the snapshot is.
std::string render_history(const proxy& seen, const history& past);

/// All of it now; `past` may have no moment yet.
std::string render_snapshot(const proxy& seen, const history& past);

}  // namespace atelier::lb
