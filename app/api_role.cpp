#include "app/api/api_service.hpp"
#include "app/api/operations.hpp"
#include "app/program.hpp"
#include "app/stop_signals.hpp"
#include "core/http/server.hpp"
#include "core/log.hpp"
#include "db/session.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace atelier::app {
namespace {

using std::chrono::milliseconds;

struct options {
  std::string listen = "127.0.0.1:3000";
  std::string admin;
  db::pool_options database;
  http::server_limits limits;
  api::api_options api;
  std::vector<std::string> verify_tokens;
  milliseconds drain = std::chrono::seconds(20);
};

// Everything of a running worker, in the order in which it is made.
struct worker {
  asio::io_context loop{1};
  db::pool database;
  api::api_service service;
  http::server clients;
  api::operations_service operations;
  http::server admin;

  explicit worker(const options& o)
      : database(loop, o.database),
        service(database, o.api),
        clients(loop, service, o.limits),
        operations(service, database, clients),
        admin(loop, operations) {}
};

// Old idempotency records go in small bites, an hour apart, so that the table stays bounded.
task<> forget_old_posts(worker& w, timer& pause) {
  while (pause.expiry() != clock::time_point::min()) {
    co_await w.database.run(static_cast<std::size_t>(api::statement::forget_old_posts), {});
    pause.expires_after(std::chrono::hours(1));
    co_await pause.async_wait(no_throw);
  }
}

task<> stop_when_asked(worker& w, stop_signals& signals, milliseconds patience, timer& housekeeping,
                       bool with_admin) {
  const auto name = co_await signals.wait();
  log::info("stopping: no new connections, requests under way are finished signal={} patience_ms={}", name,
            patience.count());
  w.service.begin_draining();
  co_await w.clients.drain(patience);
  if (with_admin) co_await w.admin.drain(milliseconds(100));
  w.database.stop();
  housekeeping.expires_at(clock::time_point::min());
  log::info("stopped");
}

int run(options o) {
  log::open("api");
  if (db::holds_password(o.database.conninfo))
    log::warning(
        "--db holds a password that every user of this machine can see: put it into PGPASSWORD, a service or "
        "a pass file");
  for (auto& token : o.verify_tokens) o.api.verify_tokens.insert(std::move(token));
  o.database.statements = api::all_statements();
  o.database.application_name = "atelier api";

  worker w(o);
  const auto listen = [](http::server& server, const std::string& where) -> result<> {
    const auto address = parse_address(where);
    if (!address) return address.error();
    return server.listen(*address);
  };
  const bool with_admin = !o.admin.empty();
  auto listening = listen(w.clients, o.listen);
  if (listening && with_admin) listening = listen(w.admin, o.admin);
  if (!listening) {
    log::error("{}", listening.error().what);
    return static_cast<int>(listening.error().code);
  }
  w.database.start();
  w.clients.start();
  if (with_admin) w.admin.start();
  log::info("serving listen={} admin={} db_connections={}", w.clients.listening_on(),
            with_admin ? w.admin.listening_on() : "none", o.database.connections);

  stop_signals signals(w.loop);
  timer housekeeping(w.loop);
  asio::co_spawn(w.loop, forget_old_posts(w, housekeeping), asio::detached);
  asio::co_spawn(w.loop, stop_when_asked(w, signals, o.drain, housekeeping, with_admin), asio::detached);
  w.loop.run();
  return 0;
}

void add_seconds(CLI::App& role, const std::string& name, milliseconds& value, const std::string& about) {
  role.add_option_function<double>(
          name, [&value](double seconds) { value = milliseconds(static_cast<long>(seconds * 1000)); }, about)
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, 86400.0))
      ->default_str(fmt::format("{:g}", static_cast<double>(value.count()) / 1000));
}

}  // namespace

void add_api(CLI::App& program, action& chosen) {
  const auto shared = std::make_shared<options>();
  auto& o = *shared;
  auto& role =
      *program.add_subcommand("api", "Serve the HTTP API from PostgreSQL: one worker, one thread, one core");
  role.add_option("--listen", o.listen, "Serve clients on this address")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  role.add_option("--admin", o.admin,
                  "Serve /metrics, /live and /ready for operators on this address; none if not given")
      ->type_name("HOST:PORT");
  role.add_option("--db", o.database.conninfo,
                  "Database: a libpq conninfo or URI; empty takes the PG… variables")
      ->type_name("CONNINFO");
  role.add_option("--db-connections", o.database.connections, "Connections to the database, each pipelined")
      ->type_name("N")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  add_seconds(role, "--statement-timeout", o.database.statement_timeout,
              "The database cancels a statement after this time: 504");
  role.add_option("--requests-in-flight", o.api.requests_in_flight_max,
                  "Requests that may wait for the database; beyond: 503 at once")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  role.add_option("--connections", o.limits.connections_max,
                  "Open client connections; beyond, the kernel's backlog holds new ones")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  role.add_option("--body-bytes", o.limits.body_bytes_max, "Largest request body: 413")
      ->type_name("N")
      ->capture_default_str();
  role.add_option("--head-bytes", o.limits.head.head_bytes_max, "Largest request head: 431")
      ->type_name("N")
      ->capture_default_str();
  role.add_option("--target-bytes", o.limits.head.target_bytes_max, "Longest request target: 414")
      ->type_name("N")
      ->capture_default_str();
  add_seconds(role, "--head-timeout", o.limits.head_timeout,
              "From a request's first byte to the end of its head: 408");
  add_seconds(role, "--body-timeout", o.limits.body_timeout, "From there to the end of its body: 408");
  add_seconds(role, "--idle-timeout", o.limits.idle_timeout,
              "A connection without a request is closed after this time");
  add_seconds(role, "--drain-timeout", o.drain, "On SIGTERM, how long requests under way may take");
  role.add_option("--verify-token", o.verify_tokens,
                  "Serve GET /NAME with the text NAME, to prove that a host is yours; repeatable")
      ->type_name("NAME");
  role.callback([&chosen, shared] {
    chosen = [shared] {
      shared->database.answer_timeout = shared->database.statement_timeout + std::chrono::seconds(1);
      return run(*shared);
    };
  });
}

}  // namespace atelier::app
