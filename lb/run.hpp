// `atelier lb` from its settings to its end.
#pragma once

#include "core/access_log.hpp"
#include "lb/limits.hpp"
#include "lb/worker.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace atelier::lb {

struct settings {
  address listen{"127.0.0.1", 8080};
  std::optional<address> admin;
  std::vector<worker_settings> workers;
  limits bounds;
  health_rules health;
  probe_rules probes;
  access_log_options access;
  bool share_port = false;
  std::string control;      // path of a UNIX socket for operators; empty: none
  bool take_over = false;   // from the process that has it
  std::string token_file;   // where it is read from
  std::string admin_token;  // for changes by the admin address; empty: only loopback may, without one
};

/// What the configuration says now: `now` and `before` are the options that differ, as they would be written.
struct reread {
  settings wanted;
  std::vector<std::string> now;
  std::vector<std::string> before;
};
using reader = std::function<result<reread>()>;

/// Serves until SIGTERM or SIGINT, then drains; a second signal cuts. SIGHUP reads the configuration again
/// and opens the access log anew. Errors: an address that cannot be listened on, a worker's name that does
/// not resolve, nobody to take over from who answers.
result<> run(const settings& wanted, const reader& read_again);

}  // namespace atelier::lb
