#include "app/stack/fill.hpp"

#include "core/log.hpp"
#include "db/session.hpp"
#include "schema/migrations.hpp"

namespace atelier::stack {
namespace {

namespace fs = std::filesystem;

// An interrupted load may have left anything: the database is made anew.
result<> make_database(const premises& p) {
  auto server = db::session::open(conninfo(p.database, "postgres"), "atelier up");
  if (!server) return server.error();
  for (const auto* sql : {"drop database if exists {} with (force)", "create database {}"})
    if (auto done = server->run(fmt::format(fmt::runtime(sql), database_name)); !done) return done.error();
  return {};
}

result<> apply_schema(db::session& database) {
  const auto applied = schema::apply(database);
  if (!applied) return applied.error();
  if (!applied->empty()) log::info("applied {} migrations of the schema", applied->size());
  return {};
}

result<> load(const premises& p, const fs::path& csv, stop_signal& stop) {
  const auto rejects = p.folder / "rejects";
  const auto what = ourselves({"etl", "load", csv.string(), "--db", conninfo(p.database, database_name),
                               "--mode", "replace", "--rejects", rejects.string()});
  auto done = run_to_end(what, fmt::format("loading {}", to_string(p.plan.source)), stop);
  std::error_code ignored;
  fs::remove(rejects, ignored);  // if it is empty
  return done;
}

// The files exist only while they are loaded.
result<> make_and_load(const premises& p, stop_signal& stop) {
  const auto csv = p.folder / "csv";
  std::error_code ignored;
  fs::remove_all(csv, ignored);
  const auto make =
      ourselves({"etl", "sample", csv.string(), "--products", std::to_string(p.plan.source.products)});
  auto done = run_to_end(make, fmt::format("making {}", to_string(p.plan.source)), stop);
  if (done) done = load(p, csv, stop);
  fs::remove_all(csv, ignored);
  return done;
}

result<> load_data(const premises& p, stop_signal& stop) {
  const auto& source = p.plan.source;
  log::info("{} {}", source.products > 0 ? "making and loading" : "loading", to_string(source));
  return source.products > 0 ? make_and_load(p, stop) : load(p, source.csv, stop);
}

// The first product that has reviews, so that the curl line shows some.
result<std::string> sample_request(db::session& database) {
  const auto found = database.run("select product_id from atelier.reviews order by product_id limit 1");
  if (!found) return found.error();
  return fmt::format("/reviews?product_id={}", found->size() == 0 ? "1" : found->text(0, 0));
}

}  // namespace

launch ourselves(std::vector<std::string> arguments) {
  launch what;
  what.program = "/proc/self/exe";
  what.name = "atelier";
  what.arguments = std::move(arguments);
  what.environment = environment_without({"ATELIER_", "PG"});
  what.output = 2;
  return what;
}

result<> make_if_absent(const premises& p, stop_signal& stop) {
  if (p.plan.must_load)
    if (auto noted = save_record(p.folder, {p.plan.source, false}); !noted) return noted;
  if (version_of(p.database.data)) return {};
  if (!p.plan.must_load)
    return fail("'{}' is gone, though its record says that it holds {}: start over with --reset",
                p.database.data.string(), to_string(p.plan.source));
  log::info("making a PostgreSQL {} cluster in {}", p.database.programs.major, p.database.data.string());
  return make_cluster(p.database, stop);
}

result<std::string> fill_database(const premises& p, stop_signal& stop) {
  if (p.plan.must_load)
    if (auto done = make_database(p); !done) return done.error();
  auto database = db::session::open(conninfo(p.database, database_name), "atelier up");
  if (!database) return database.error();
  if (auto done = apply_schema(*database); !done) return done.error();
  if (p.plan.must_load) {
    if (auto done = load_data(p, stop); !done) return done.error();
    if (auto noted = save_record(p.folder, {p.plan.source, true}); !noted) return noted.error();
  } else {
    log::info("keeping {}", to_string(p.plan.source));
  }
  return sample_request(*database);
}

}  // namespace atelier::stack
