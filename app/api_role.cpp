#include "app/api/api_service.hpp"
#include "app/api/operations.hpp"
#include "app/option_types.hpp"
#include "app/program.hpp"
#include "app/spare_memory.hpp"
#include "app/worker_report.hpp"
#include "core/http/server.hpp"
#include "core/log.hpp"
#include "core/open_files.hpp"
#include "core/signals.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <sched.h>

#include <utility>

namespace atelier::app {
namespace {

using std::chrono::milliseconds;

struct options {
  address listen{"127.0.0.1", 3000};
  std::optional<address> admin;
  db::pool_options database;
  http::server_limits limits;
  api::api_options api;
  std::vector<std::string> verify_tokens;
  milliseconds drain = std::chrono::seconds(20);
  std::size_t cache_megabytes = 64;
  access_log_options access;
};

// Everything of a running worker, in the order in which it is made.
struct worker {
  asio::io_context loop{1};
  db::pool database;
  api::answer_cache cache;
  api::coherence truth;
  api::api_service service;
  http::server clients;
  api::operations_service operations;
  http::server admin;
  const address listen;

  explicit worker(const options& o)
      : database(loop, o.database),
        cache(o.cache_megabytes * 1'000'000),
        truth(loop, o.database, database, cache),
        service(loop, database, cache, truth, o.api),
        clients(loop, service, o.limits),
        operations(service, database, clients, cache, truth),
        admin(loop, operations),
        listen(o.listen) {}
};

// Old idempotency records go in small bites until none is left, then again in an hour.
struct housekeeping {
  timer pause;
  bool stopped = false;

  void stop() {
    stopped = true;
    pause.cancel();
  }
};

task<> forget_old_posts(db::pool& database, housekeeping& h) {
  constexpr auto after_failure = std::chrono::seconds(10);
  constexpr auto when_none_is_left = std::chrono::hours(1);
  while (!h.stopped) {
    const auto gone = co_await database.run(static_cast<std::size_t>(api::statement::forget_old_posts), {});
    if (h.stopped) co_return;
    if (gone && gone->int8(0, 0) > 0) continue;
    h.pause.expires_after(gone ? clock::duration(when_none_is_left) : clock::duration(after_failure));
    co_await h.pause.async_wait(no_throw);
  }
}

// What goes on beside serving, and ends with it.
struct company {
  signal_waiter& signals;
  access_log& access;
  housekeeping& keeping;
  worker_report& report;
  heartbeat& heart;
  spare_memory& spare;
};

constexpr auto beyond_the_drain = std::chrono::seconds(5);  // for what follows it: goodbyes, the database

task<> stop(worker& w, company& with, milliseconds patience, bool with_admin) {
  remove_file_of(w.listen);  // now, not at the end: by then it may be another's, who has come in our place
  w.service.begin_draining();
  co_await w.clients.drain(patience);
  co_await w.truth.stop();
  if (with_admin) co_await w.admin.drain(milliseconds(100));
  w.database.stop();
  with.keeping.stop();
  with.signals.close();
  with.heart.stop();
  with.spare.stop();
  log::info("stopped");
}

// SIGHUP comes after the access log's file was renamed. Of the others the first drains, the second cuts.
task<> obey_signals(worker& w, company& with, milliseconds patience, bool with_admin) {
  for (bool stopping = false;;) {
    const auto signal = co_await with.signals.next();
    if (!signal) co_return;
    if (*signal == SIGHUP) {
      if (const auto opened = with.access.reopen(); !opened) log::error("{}", opened.error().what);
    } else if (std::exchange(stopping, true)) {
      log::warning("cutting at once signal={} connections={}", signal_name(*signal), w.clients.connections());
      w.clients.cut();
    } else {
      log::info("stopping: no new connections, requests under way are finished signal={} patience_ms={}",
                signal_name(*signal), patience.count());
      with.report.stop(patience + beyond_the_drain);
      asio::co_spawn(w.loop, stop(w, with, patience, with_admin), asio::detached);
    }
  }
}

// Where others share the core, whoever wakes us goes on running and wakes us for more before we run: fewer
// switches, and more requests and statements to a turn (sched(7), SCHED_BATCH). On a core of our own nothing
// changes.
void let_work_gather() {
  const sched_param none{};
  (void)sched_setscheduler(0, SCHED_BATCH, &none);
}

int run(options o) {
  log::open("api");
  let_work_gather();
  warn_of_password(o.database.conninfo);
  for (auto& token : o.verify_tokens) o.api.verify_tokens.insert(std::move(token));
  o.database.statements = api::all_statements();
  o.database.application_name = "atelier api";

  o.limits.connections_max = connections_that_fit(o.limits.connections_max, 1);

  notify_socket systemd;
  worker w(o);
  signal_waiter signals(w.loop, {SIGINT, SIGTERM, SIGHUP});
  auto listening = w.clients.listen(o.listen);
  if (listening && o.admin) listening = w.admin.listen(*o.admin);
  if (!listening) return report(listening.error());
  const auto access = access_log::open(o.access);
  if (!access) return report(access.error());
  if (o.access.how_much != access_log_options::detail::off) w.clients.log_to(**access);
  w.database.start();
  w.truth.start();
  w.clients.start();
  if (o.admin) w.admin.start();
  log::info("serving listen={} admin={} db_connections={}", w.clients.listening_on(),
            o.admin ? w.admin.listening_on() : "none", o.database.connections);

  housekeeping keeping{timer(w.loop)};
  worker_report report(w.loop, systemd, w.database, o.database.connections, w.clients.listening_on());
  heartbeat heart(w.loop, systemd);
  spare_memory spare(w.loop);
  company with{signals, **access, keeping, report, heart, spare};
  asio::co_spawn(w.loop, forget_old_posts(w.database, keeping), asio::detached);
  asio::co_spawn(w.loop, report.run(), asio::detached);
  asio::co_spawn(w.loop, heart.run(), asio::detached);
  asio::co_spawn(w.loop, spare.run(), asio::detached);
  asio::co_spawn(w.loop, obey_signals(w, with, o.drain, o.admin.has_value()), asio::detached);
  w.loop.run();
  return 0;
}

void add_client_limits(CLI::App& role, http::server_limits& l) {
  add_count<std::size_t>(role, "--connections-max", l.connections_max,
                         "Clients' connections; beyond, none is accepted and the kernel's backlog holds", 1,
                         1'000'000);
  add_count<std::size_t>(role, "--head-bytes-max", l.head.head_bytes_max, "Bytes of a request's head: 431",
                         1024, 64 * 1024);
  add_count<std::size_t>(role, "--target-bytes-max", l.head.target_bytes_max,
                         "Bytes of a request's target: 414", 64, 32 * 1024);
  add_count<std::size_t>(role, "--body-bytes-max", l.body_bytes_max, "Bytes of a request's body: 413", 0,
                         64 * 1024 * 1024);
  add_time(role, "--head-timeout", l.head_timeout,
           "From the first byte of a request to the end of its head: 408");
  add_time(role, "--body-timeout", l.body_timeout, "From there to the end of its body: 408");
  add_time(role, "--write-timeout", l.write_timeout, "Without a byte of an answer taken by the client");
  add_count<std::size_t>(
      role, "--unsent-bytes-max", l.unsent_bytes_max,
      "Bytes held of answers that clients have not taken yet: 503 for a large one, and who "
      "takes nothing is cut",
      64 * 1024, 1'000'000'000'000);
  add_time(role, "--idle-timeout", l.idle_timeout, "A client's connection between two requests");
  add_count<std::size_t>(role, "--requests-max", l.requests_max,
                         "Requests of one connection; the answer to its last says Connection: close", 1,
                         1'000'000'000);
  add_time(role, "--age-max", l.age_max,
           "Age of a connection; the first answer after it says Connection: close");
  add_time(role, "--linger-timeout", l.linger_timeout,
           "How long a client whose request was refused may go on sending");
}

}  // namespace

void add_api(CLI::App& program, action& chosen) {
  const auto shared = std::make_shared<options>();
  auto& o = *shared;
  auto& role =
      *program.add_subcommand("api", "Serve the HTTP API from PostgreSQL: one worker, one thread, one core");
  add_address(role, "--listen", o.listen, "Where clients, or the proxy, connect");
  add_address(role, "--admin", o.admin, "Where operators read /metrics, /live and /ready (default: nowhere)");
  add_database(role, o.database.conninfo);
  add_count<std::size_t>(role, "--db-connections", o.database.connections,
                         "Connections to the database, each pipelined", 1, 64);
  add_count<std::size_t>(
      role, "--cache-mb", o.cache_megabytes,
      "Megabytes of answers to keep; what any worker writes is seen at once all the same; 0: none", 0,
      100'000);
  add_time(role, "--statement-timeout", o.database.statement_timeout,
           "The database cancels a statement after this time: 504");
  add_count<std::size_t>(role, "--requests-in-flight-max", o.api.requests_in_flight_max,
                         "Requests that wait for the database; beyond: 503 at once", 1, 1'000'000);
  add_client_limits(role, o.limits);
  add_access_log(role, o.access);
  add_time(role, "--drain-timeout", o.drain, "From SIGTERM until connections still open are cut");
  role.add_option("--verify-token", o.verify_tokens,
                  "Serve GET /NAME with the text NAME, to prove that a host is yours")
      ->check([](const std::string& text) {
        const bool is_word =
            text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
            text.npos;
        return is_word ? "" : "'" + text + "' is no token: write letters, digits and - _ . only";
      })
      ->type_name("NAME");
  role.callback([&chosen, shared] {
    chosen = [shared] {
      shared->database.answer_timeout = shared->database.statement_timeout + std::chrono::seconds(1);
      shared->database.waiting_timeout = 2 * shared->database.statement_timeout + std::chrono::seconds(1);
      return run(*shared);
    };
  });
}

}  // namespace atelier::app
