// A process that takes over from a proxy.
#pragma once

#include "integration/lb_proxy_process.hpp"

#include <string>

namespace atelier::test {

/// Takes over from this proxy, and is ready.
template <class Worker>
child_process successor_of(const proxy_process& proxy, const Worker& worker, const std::string& control) {
  child_process next(ATELIER_PROGRAM, {"lb", "--listen", "127.0.0.1:" + std::to_string(proxy.port),
                                       "--worker", worker.address(), "--control", control, "--takeover"});
  next.wait_for("the former process was told to end");
  return next;
}

/// What the process that listens on this socket says of its workers.
inline std::string workers_by(const std::string& control) {
  return http_client(control).get("/workers").body;
}

}  // namespace atelier::test
