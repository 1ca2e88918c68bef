#include "app/option_types.hpp"
#include "app/program.hpp"
#include "core/log.hpp"
#include "schema/migrations.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace atelier::app {
namespace {

int run_apply(const std::string& conninfo) {
  log::open("schema");
  warn_of_password(conninfo);
  auto database = db::session::open(conninfo, "atelier schema");
  if (!database) return report(database.error());
  const auto applied = schema::apply(*database);
  if (!applied) return report(applied.error());
  if (applied->empty())
    log::info("nothing to do: the schema is at version {}", schema::all_migrations().size());
  for (const int version : *applied) log::info("applied migration version={}", version);
  return 0;
}

int run_status(const std::string& conninfo) {
  log::open("schema");
  warn_of_password(conninfo);
  auto database = db::session::open(conninfo, "atelier schema");
  if (!database) return report(database.error());
  const auto all = schema::status(*database);
  if (!all) return report(all.error());
  for (const auto& m : *all)
    fmt::print("{:04}  {:<20}  {}\n", m.version, m.name, m.applied_at.empty() ? "not applied" : m.applied_at);
  return 0;
}

}  // namespace

void add_schema(CLI::App& program, action& chosen) {
  auto& role = *program.add_subcommand("schema", "Create and migrate the tables in PostgreSQL");
  role.require_subcommand(1);
  const auto conninfo = std::make_shared<std::string>();
  const auto add = [&](const char* name, const char* about, int (*run)(const std::string&)) {
    auto& command = *role.add_subcommand(name, about);
    add_database(command, *conninfo);
    command.callback([&chosen, conninfo, run] { chosen = [conninfo, run] { return run(*conninfo); }; });
  };
  add("apply", "Apply the migrations that are missing; running it again changes nothing", run_apply);
  add("status", "List the migrations and when each was applied", run_status);
}

}  // namespace atelier::app
