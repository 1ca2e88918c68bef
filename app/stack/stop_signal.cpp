#include "app/stack/stop_signal.hpp"

#include <poll.h>

#include <array>

namespace atelier::stack {

int stop_signal::arrived() {
  while (inbox_.take()) ++arrived_;
  return arrived_;
}

failure asked_to_stop() { return {exit_code::done, "stopped"}; }

bool is_asked_to_stop(const failure& f) { return f.code == exit_code::done; }

result<> run_to_end(const launch& what, std::string_view doing, stop_signal& stop) {
  auto started = child::start(what);
  if (!started) return started.error();
  while (!started->ended()) {
    std::array<pollfd, 2> watched{pollfd{started->descriptor(), POLLIN, 0},
                                  pollfd{stop.descriptor(), POLLIN, 0}};
    poll(watched.data(), watched.size(), -1);
    if (stop.arrived() == 0) continue;
    started->signal(SIGTERM);
    started->wait(std::chrono::seconds(3));
    return asked_to_stop();
  }
  const auto end = *started->ended();
  if (end.code != 0)
    return fail("{} failed: '{}' {}; its own words tell what to mend", doing,
                what.name.empty() ? what.program : what.name, to_string(end));
  return {};
}

}  // namespace atelier::stack
