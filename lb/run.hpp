// `atelier lb` from its settings to its end.
#pragma once

#include "core/access_log.hpp"
#include "lb/limits.hpp"
#include "lb/worker.hpp"

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
};

/// Serves until SIGTERM or SIGINT, then drains; a second signal cuts. Errors: an address that cannot be
/// listened on, a worker's name that does not resolve.
result<> run(const settings& wanted);

}  // namespace atelier::lb
