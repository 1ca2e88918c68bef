#include "integration/lb_proxy_process.hpp"

#include "support/wait.hpp"

#include <algorithm>
#include <stdexcept>

namespace atelier::test {

using namespace std::chrono_literals;

std::vector<std::string> proxy_process::arguments(std::uint16_t port, std::uint16_t admin,
                                                  std::initializer_list<std::string> workers,
                                                  std::vector<std::string> options) {
  std::vector<std::string> all{"lb", "--listen", "127.0.0.1:" + std::to_string(port), "--admin",
                               "127.0.0.1:" + std::to_string(admin)};
  for (const auto& w : workers) all.insert(all.end(), {"--worker", w});
  if (std::find(options.begin(), options.end(), "--probe-interval") == options.end())
    options.insert(options.end(), {"--probe-interval", "50ms"});
  all.insert(all.end(), options.begin(), options.end());
  return all;
}

proxy_process::proxy_process(std::initializer_list<std::string> workers, std::vector<std::string> options,
                             bool wait_until_ready, const std::vector<std::string>& environment)
    : process(ATELIER_PROGRAM, arguments(port, admin, workers, std::move(options)), environment) {
  process.wait_for("listening on");
  const auto all_up = [&] {
    const auto page = fetch(admin, "/workers").body;
    return page.find("\"unknown\"") == page.npos && page.find("\"down\"") == page.npos;
  };
  if (wait_until_ready && !wait_until(10s, all_up))
    throw std::runtime_error("the proxy's workers do not come up");
}

double proxy_process::metric(const std::string& name) const {
  const auto page = fetch(admin, "/metrics").body;
  const auto at = page.find("\natelier_lb_" + name + " ");
  return at == page.npos ? -1 : std::stod(page.substr(at + name.size() + 13));
}

}  // namespace atelier::test
