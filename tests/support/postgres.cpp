#include "support/postgres.hpp"

#include "db/session.hpp"
#include "schema/migrations.hpp"
#include "support/process.hpp"
#include "support/wait.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <stdexcept>

namespace atelier::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto settings =
    "listen_addresses = ''\n"
    "fsync = off\n"
    "full_page_writes = off\n"
    "max_connections = 200\n"
    "shared_buffers = 64MB\n"
    "log_min_messages = warning\n";

template <class T>
T value(result<T> outcome) {
  if (!outcome) throw std::runtime_error(outcome.error().what);
  return std::move(*outcome);
}

void run_sql(const private_postgres& server, const std::string& sql) {
  auto database = value(db::session::open(server.conninfo(), "atelier tests"));
  value(database.run(sql));
}

}  // namespace

private_postgres::private_postgres()
    : programs_(value(stack::find_postgres())), account_(value(stack::postgres_account())) {
  for (const char* name : {"data", "socket"}) {
    fs::create_directory(folder_ / name);
    fs::permissions(folder_ / name, fs::perms::owner_all);
    if (account_ && chown((folder_ / name).c_str(), account_->user, account_->group) != 0)
      throw std::runtime_error("chown");
  }
  const int log = open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  stack::launch make;
  make.program = programs_.folder / "initdb";
  make.arguments = {"--no-sync",       "--auth=trust",     "--username=atelier",
                    "--encoding=UTF8", "--locale=C.UTF-8", "--pgdata=" + (folder_ / "data").string()};
  make.environment = stack::environment_without({"ATELIER_", "PG"});
  make.as = account_;
  make.folder = folder_.path();
  make.output = make.errors = log;
  const auto made = value(stack::child::start(make)).wait(60s);
  close(log);
  if (!made || made->code != 0) throw std::runtime_error("initdb failed:\n" + read_file(folder_ / "log"));
  std::ofstream(folder_ / "data" / "postgresql.conf", std::ios::app) << settings;
  start();
}

private_postgres::~private_postgres() {
  if (!server_) return;
  resume();
  server_->signal(SIGQUIT);
  server_->wait(10s);
}

std::string private_postgres::conninfo(std::string_view database) const {
  return fmt::format("host={} port={} user=atelier dbname={}", socket_folder(), port_, database);
}

std::uint16_t private_postgres::ask_for_passwords() {
  stop();
  port_ = free_port();
  std::ofstream(folder_ / "data" / "postgresql.conf", std::ios::app)
      << fmt::format("listen_addresses = '127.0.0.1'\nport = {}\n", port_);
  std::ofstream(folder_ / "data" / "pg_hba.conf")
      << "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
  start();
  return port_;
}

// A backend of a server that was killed may live on until it looks up from its work; as long as it does, no
// other server may use its memory.
void private_postgres::start() {
  if (!wait_until(60s, [&] { return try_to_start(); }))
    throw std::runtime_error("postgres does not start:\n" + read_file(folder_ / "log"));
}

bool private_postgres::try_to_start() {
  const int log = open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  stack::launch run;
  run.program = programs_.folder / "postgres";
  run.arguments = {"-D", (folder_ / "data").string(), "-k", socket_folder()};
  run.environment = stack::environment_without({"ATELIER_", "PG"});
  run.as = account_;
  run.folder = folder_.path();
  run.output = run.errors = log;
  run.death_signal = SIGQUIT;
  auto started = stack::child::start(run);
  close(log);
  server_.emplace(value(std::move(started)));
  const bool ready = wait_until(
      30s, [&] { return server_->ended() || db::session::open(conninfo(), "atelier tests").has_value(); });
  return ready && !server_->ended();
}

void private_postgres::stop() {
  server_->signal(SIGINT);
  if (!server_->wait(30s)) throw std::runtime_error("postgres does not stop:\n" + read_file(folder_ / "log"));
  server_.reset();
}

void private_postgres::kill() {
  signal_all(SIGKILL);
  server_->wait(10s);
  server_.reset();
}

void private_postgres::pause() { signal_all(SIGSTOP); }

void private_postgres::resume() { signal_all(SIGCONT); }

void private_postgres::signal_all(int number) const {
  for (const auto one : family_of(server_->pid())) ::kill(one, number);
}

private_postgres& shared_postgres() {
  static private_postgres one;
  return one;
}

test_database::test_database(content what, private_postgres& server) : server_(server) {
  static int last = 0;
  static std::set<std::string> with_template;
  name_ = fmt::format("test_{}", ++last);
  if (what == content::nothing) {
    run_sql(server, "create database " + name_);
    return;
  }
  if (with_template.insert(server.socket_folder()).second) {
    run_sql(server, "create database with_schema");
    auto database = value(db::session::open(server.conninfo("with_schema"), "atelier tests"));
    value(schema::apply(database));
  }
  run_sql(server, "create database " + name_ + " template with_schema");
}

test_database::~test_database() {
  if (auto database = db::session::open(server_.conninfo(), "atelier tests"); database)
    (void)database->run("drop database if exists " + name_ + " with (force)");
}

}  // namespace atelier::test
