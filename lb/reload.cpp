#include "lb/reload.hpp"

#include "core/log.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <span>

namespace atelier::lb {
namespace {

// Options that are looked at when the process starts only.
constexpr std::string_view of_the_start[] = {"listen",
                                             "admin",
                                             "admin-token-file",
                                             "access-log",
                                             "access-log-file",
                                             "access-log-format",
                                             "access-log-sample",
                                             "access-log-bytes-max"};

// And those that another process which takes over cannot have otherwise.
constexpr std::string_view of_the_sockets[] = {"control", "share-port"};

bool is_one_of(std::span<const std::string_view> names, std::string_view option) {
  const auto name = option.substr(2, option.find('=') - 2);
  return std::find(names.begin(), names.end(), name) != names.end();
}

void say_what_differs(const reread& what) {
  if (what.now.empty() && what.before.empty()) {
    log::info("reloaded: nothing differs");
    return;
  }
  log::info("reloaded: {} (before: {})", fmt::join(what.now, " "), fmt::join(what.before, " "));
  for (const auto& option : what.now) {
    if (is_one_of(of_the_start, option))
      log::warning("{} needs a restart (--takeover loses no request)", option);
    else if (is_one_of(of_the_sockets, option))
      log::warning("{} needs a stop and a start: a takeover cannot change it", option);
  }
}

// A worker of the configuration, and where its name leads now.
struct wanted_worker {
  worker_settings settings;
  result<socket_address> where;
};

// False: it is left out.
bool take(proxy& running, const wanted_worker& one) {
  auto& pool = running.pool();
  if (auto* const known = pool.find(to_string(one.settings.where))) {
    pool.change(*known, one.settings.weight, one.settings.in_flight_max);
    if (one.where)
      pool.move(*known, *one.where);
    else
      log::warning("a worker stays where it is: {}", one.where.error().what);
    return true;
  }
  const auto added =
      one.where ? running.add_worker_at(one.settings, *one.where) : result<>(one.where.error());
  if (!added) log::error("a worker of the configuration is left out: {}", added.error().what);
  return bool(added);
}

// Those that the configuration does not name any more, unless nobody would be left because others are left
// out.
void let_go(workers& pool, const std::vector<worker_settings>& wanted, bool all_are_here) {
  const auto stays = [&](const auto& w) {
    return std::any_of(wanted.begin(), wanted.end(),
                       [&](const worker_settings& s) { return s.where == w->settings.where; });
  };
  const auto goes = [&](const auto& w) { return !stays(w) && w->wish != worker::wanted::gone; };
  const auto serves = [&](const auto& w) {
    return stays(w) && w->wish == worker::wanted::serving && w->state.usable();
  };
  const auto& all = pool.all();
  if (std::none_of(all.begin(), all.end(), goes)) return;
  if (!all_are_here && std::none_of(all.begin(), all.end(), serves)) {
    log::error(
        "workers that the configuration does not name any more stay, because nobody could take their place: "
        "mend its workers, and send SIGHUP again");
    return;
  }
  for (const auto& w : all)
    if (goes(w)) pool.remove(*w);
}

}  // namespace

// Every name is looked up before anything changes, and workers come before others go: there is no moment
// without one that could be asked.
task<> reload(proxy& running, reread what) {
  std::vector<wanted_worker> wanted;
  for (const auto& settings : what.wanted.workers) {
    auto where = co_await running.locate(settings.where);
    wanted.push_back({settings, std::move(where)});
  }
  bool all_are_here = true;
  for (const auto& one : wanted) all_are_here &= take(running, one);
  let_go(running.pool(), what.wanted.workers, all_are_here);
  running.reconfigure(what.wanted.bounds, what.wanted.health, what.wanted.probes);
  say_what_differs(what);
}

}  // namespace atelier::lb
