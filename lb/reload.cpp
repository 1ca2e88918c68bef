#include "lb/reload.hpp"

#include "core/log.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace atelier::lb {
namespace {

// Options that are looked at when the process starts only.
bool needs_restart(std::string_view option) {
  constexpr std::string_view names[] = {"listen",
                                        "admin",
                                        "admin-token-file",
                                        "control",
                                        "takeover",
                                        "share-port",
                                        "access-log",
                                        "access-log-file",
                                        "access-log-format",
                                        "access-log-sample",
                                        "access-log-bytes-max"};
  const auto name = option.substr(2, option.find('=') - 2);
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

void say_what_differs(const reread& what) {
  if (what.now.empty() && what.before.empty()) {
    log::info("reloaded: nothing differs");
    return;
  }
  log::info("reloaded: {} (before: {})", fmt::join(what.now, " "), fmt::join(what.before, " "));
  for (const auto& option : what.now)
    if (needs_restart(option)) log::warning("{} needs a restart (--takeover loses no request)", option);
}

}  // namespace

task<> reload(proxy& running, reread what) {
  auto& pool = running.pool();
  for (const auto& w : pool.all()) {
    if (w->wish == worker::wanted::gone) continue;
    const auto& all = what.wanted.workers;
    const auto same = [&](const worker_settings& s) { return s.where == w->settings.where; };
    const auto found = std::find_if(all.begin(), all.end(), same);
    if (found == all.end())
      pool.remove(*w);
    else
      pool.change(*w, found->weight, found->in_flight_max);
  }
  for (const auto& settings : what.wanted.workers) {
    if (pool.find(to_string(settings.where))) continue;
    const auto added = co_await running.add_worker_later(settings);
    if (!added) log::error("a worker of the configuration is left out: {}", added.error().what);
  }
  running.reconfigure(what.wanted.bounds, what.wanted.health, what.wanted.probes);
  say_what_differs(what);
}

}  // namespace atelier::lb
