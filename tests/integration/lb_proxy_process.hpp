// A real `atelier lb` before scripted workers.
#pragma once

#include "support/http_client.hpp"
#include "support/process.hpp"
#include "support/scripted_worker.hpp"

#include <initializer_list>
#include <string>
#include <vector>

namespace atelier::test {

/// Starts it on free ports and waits until it is ready (or only listens, for workers that are not). Probes
/// are quick unless `options` say otherwise. `environment` as child_process takes it.
class proxy_process {
 public:
  explicit proxy_process(std::initializer_list<std::string> workers, std::vector<std::string> options = {},
                         bool wait_until_ready = true, const std::vector<std::string>& environment = {});

  http_client connect(std::chrono::milliseconds timeout = std::chrono::seconds(15)) const {
    return http_client(port, timeout);
  }

  /// A sample of /metrics, by its name and labels without the common prefix; -1 if there is none.
  double metric(const std::string& name) const;

  std::uint16_t port = free_port();
  std::uint16_t admin = free_port();
  child_process process;

 private:
  static std::vector<std::string> arguments(std::uint16_t port, std::uint16_t admin,
                                            std::initializer_list<std::string> workers,
                                            std::vector<std::string> options);
};

}  // namespace atelier::test
