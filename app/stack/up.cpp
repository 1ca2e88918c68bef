#include "app/stack/up.hpp"

#include "app/stack/fill.hpp"
#include "app/stack/ports.hpp"
#include "app/stack/supervisor.hpp"
#include "core/log.hpp"
#include "core/notify_socket.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace atelier::stack {
namespace {

using namespace std::chrono_literals;

constexpr auto recovery_max = 10min;  // a server that was cut off replays its log first
constexpr auto start_max = 60s;       // the workers and the proxy
constexpr auto probe_max = 1s;
constexpr auto stop_max = 60s;  // the proxy, the workers, and PostgreSQL after its last checkpoint

// Ours is free of what would lead libpq, here and in the children, to another server.
void forget_postgres_variables() {
  std::vector<std::string> names;
  for (char** variable = environ; *variable; ++variable)
    if (std::string_view(*variable).starts_with("PG"))
      names.emplace_back(*variable, std::string_view(*variable).find('='));
  for (const auto& name : names) unsetenv(name.c_str());
}

result<> start_server(const premises& p, supervisor& all) {
  const auto settings = postgres_settings(memory_bytes(), static_cast<int>(p.workers.size()));
  member server{"PostgreSQL", server_of(p.database, settings, p.log.number()), SIGINT, SIGQUIT, 20s};
  if (auto added = all.add({std::move(server)}); !added) return added;
  auto ready = all.run_until([&] { return is_ready(p.database); }, recovery_max, "PostgreSQL");
  if (ready || is_asked_to_stop(ready.error())) return ready;
  return fail("PostgreSQL does not start; mend what its last words say, from {}:{}", p.database.log.string(),
              last_words(p.database.log));
}

// Less than the supervisor's patience with a member that was asked to stop.
constexpr auto drain_max = "4s";
constexpr auto affinity = "150";       // percent
constexpr auto affinity_by = "route";  // the workers share cores, so what matters is what their reads cost

// The proxy comes after the workers are ready: it would have to find them down first.
result<> start_workers(const premises& p, supervisor& all) {
  std::vector<member> workers;
  for (const auto& where : p.workers)
    workers.push_back(
        {fmt::format("worker {}", workers.size() + 1),
         ourselves({"api", "--listen", to_string(where.listen), "--admin", to_string(where.admin), "--db",
                    conninfo(p.database, database_name), "--drain-timeout", drain_max})});
  if (auto added = all.add(std::move(workers)); !added) return added;
  std::size_t ready = 0;  // of the workers, from the first on
  const auto all_ready = [&] {
    while (ready < p.workers.size() && status_of(p.workers[ready].listen, "/ready", probe_max) == 200)
      ++ready;
    return ready == p.workers.size();
  };
  return all.run_until(all_ready, start_max, "the workers to be ready");
}

// Somebody may have taken an address since we looked, while the data were made.
result<> addresses_are_free(const premises& p) {
  for (const auto& [where, option] : {std::pair(p.listen, "--listen"), std::pair(p.admin, "--admin")})
    if (const auto found = free_address(where, option); !found) return found.error();
  return {};
}

// Whoever else listens on its address may answer there too: the proxy's own socket says that it is ours.
result<> start_proxy(const premises& p, supervisor& all, const std::string& sample) {
  member proxy{"proxy", ourselves({"lb", "--listen", to_string(p.listen), "--admin", to_string(p.admin),
                                   "--control", p.control.path, "--drain-timeout", drain_max,
                                   "--affinity-percent", affinity, "--affinity-by", affinity_by})};
  for (const auto& where : p.workers) {
    proxy.how.arguments.push_back("--worker");
    proxy.how.arguments.push_back(to_string(where.listen));
  }
  if (auto added = all.add({std::move(proxy)}); !added) return added;
  const auto front = reachable(p.listen);
  const auto is_there = [&] { return status_of(p.control, "/live", probe_max) == 200; };
  const auto answers = [&] { return is_there() && status_of(front, sample, probe_max) == 200; };
  auto ready = all.run_until(answers, start_max, "the proxy to answer");
  if (ready || is_asked_to_stop(ready.error()) || is_there()) return ready;
  if (auto free = addresses_are_free(p); !free) return free;
  return ready;
}

void say_where(const premises& p, const std::string& sample) {
  fmt::print("\natelier is up: {} worker{} behind the proxy, {}\n\n", p.workers.size(),
             p.workers.size() == 1 ? "" : "s", to_string(p.plan.source));
  fmt::print("  API       http://{}\n", to_string(reachable(p.listen)));
  fmt::print("  admin     http://{}\n", to_string(reachable(p.admin)));
  fmt::print("  data      {}\n", p.folder.string());
  fmt::print("  workers   curl --unix-socket {} http://worker/ready\n", p.workers.front().listen.path);
  fmt::print("            curl --unix-socket {} http://worker/metrics\n", p.workers.front().admin.path);
  fmt::print("  database  psql \"{}\"\n\n", conninfo(p.database, database_name));
  fmt::print("  curl 'http://{}{}'\n\nCtrl-C stops everything; the data stay.\n",
             to_string(reachable(p.listen)), sample);
  std::fflush(stdout);
}

result<> run(const premises& p, supervisor& all, stop_signal& stop, notify_socket& systemd) {
  if (auto done = make_if_absent(p, stop); !done) return done;
  if (auto done = start_server(p, all); !done) return done;
  const auto sample = fill_database(p, stop);
  if (!sample) return sample.error();
  log::info("starting the workers and the proxy workers={}", p.workers.size());
  if (auto done = start_workers(p, all); !done) return done;
  if (auto done = start_proxy(p, all, *sample); !done) return done;
  say_where(p, *sample);
  systemd.ready();
  all.run();
  return asked_to_stop();
}

int end_with(const failure& f) {
  if (is_asked_to_stop(f))
    log::info("stopped");
  else
    log::error("{}", f.what);
  return static_cast<int>(f.code);
}

}  // namespace

int run_up(const up_options& asked) {
  log::open("up");
  notify_socket systemd;  // before any child: they must not speak to it in our place
  forget_postgres_variables();
  stop_signal stop;
  const auto p = prepare(asked, stop);
  if (!p) return end_with(p.error());
  supervisor all(stop);
  const auto outcome = run(*p, all, stop, systemd);
  if (is_asked_to_stop(outcome.error())) log::info("stopping the proxy, the workers and PostgreSQL");
  systemd.stopping(stop_max);
  all.stop_all();
  leave(*p);
  return end_with(outcome.error());
}

}  // namespace atelier::stack
