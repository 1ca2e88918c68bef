#include "schema/migrations.hpp"

#include "core/embedded.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

namespace atelier::schema {

/// What is in migrations/, in the order of the names.
std::span<const embedded_file> migration_files();

namespace {

// "0001_reviews.sql" is version 1, named "reviews".
migration of_file(const embedded_file& file) {
  const auto bar = file.name.find('_');
  const auto end = file.name.rfind('.');
  int version = 0;
  std::from_chars(file.name.data(), file.name.data() + bar, version);
  return {version, file.name.substr(bar + 1, end - bar - 1), file.content};
}

// Any constant that no other program uses: "atelier" in ASCII.
constexpr long long advisory_lock = 0x6174656c696572;

constexpr auto create_record =
    "create schema if not exists atelier;"
    "create table if not exists atelier.schema_migrations ("
    "  version integer primary key, name text not null, text_hash text not null, applied_at timestamptz not "
    "null default now())";

struct applied {
  int version;
  std::string hash;
  std::string at;
};

result<std::vector<applied>> recorded(db::session& database) {
  const auto exists = database.run("select to_regclass('atelier.schema_migrations') is not null");
  if (!exists) return exists.error();
  std::vector<applied> found;
  if (exists->text(0, 0) != "t") return found;
  const auto rows = database.run(
      "select version, text_hash, to_char(applied_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
      " from atelier.schema_migrations order by version");
  if (!rows) return rows.error();
  for (std::size_t r = 0; r < rows->size(); ++r)
    found.push_back(
        {static_cast<int>(rows->number(r, 0)), std::string(rows->text(r, 1)), std::string(rows->text(r, 2))});
  return found;
}

result<std::string> hash_of(db::session& database, std::string_view text) {
  const std::array<std::optional<std::string>, 1> parameters{std::string(text)};
  const auto row = database.run("select md5($1)", parameters);
  if (!row) return row.error();
  return std::string(row->text(0, 0));
}

result<> apply_one(db::session& database, const migration& m, const std::string& hash) {
  if (const auto begun = database.run("begin; set local search_path = atelier, public"); !begun)
    return begun.error();
  if (const auto done = database.run(std::string(m.sql)); !done) {
    const auto why = fail("migration {:04}_{}: {}; nothing of it was applied: mend that and apply again",
                          m.version, m.name, done.error().what);
    (void)database.run("rollback");
    return why;
  }
  const std::array<std::optional<std::string>, 3> record{std::to_string(m.version), std::string(m.name),
                                                         hash};
  if (const auto noted = database.run(
          "insert into atelier.schema_migrations (version, name, text_hash) values ($1, $2, $3)", record);
      !noted) {
    (void)database.run("rollback");
    return noted.error();
  }
  if (const auto committed = database.run("commit"); !committed) return committed.error();
  return {};
}

result<std::vector<int>> apply_missing(db::session& database) {
  if (const auto created = database.run(create_record); !created) return created.error();
  const auto before = recorded(database);
  if (!before) return before.error();
  const auto migrations = all_migrations();
  if (before->size() > migrations.size())
    return fail(
        "the database has {} migrations and this program knows {}: it was made by a newer atelier; use that "
        "one",
        before->size(), migrations.size());
  std::vector<int> now;
  for (const auto& m : migrations) {
    const auto hash = hash_of(database, m.sql);
    if (!hash) return hash.error();
    const auto index = static_cast<std::size_t>(m.version) - 1;
    if (index < before->size()) {
      if ((*before)[index].hash != *hash)
        return fail(
            "migration {:04}_{} was applied with another text: this database was made by another build of "
            "atelier; use that one, or start over with an empty database",
            m.version, m.name);
      continue;
    }
    if (const auto done = apply_one(database, m, *hash); !done) return done.error();
    now.push_back(m.version);
  }
  return now;
}

}  // namespace

std::span<const migration> all_migrations() {
  static const auto all = [] {
    std::vector<migration> made;
    for (const auto& file : migration_files()) made.push_back(of_file(file));
    return made;
  }();
  return all;
}

result<std::vector<int>> apply(db::session& database) {
  if (const auto locked = database.run(fmt::format("select pg_advisory_lock({})", advisory_lock)); !locked)
    return locked.error();
  auto done = apply_missing(database);
  (void)database.run(fmt::format("select pg_advisory_unlock({})", advisory_lock));
  return done;
}

result<std::vector<migration_status>> status(db::session& database) {
  const auto before = recorded(database);
  if (!before) return before.error();
  std::vector<migration_status> all;
  for (const auto& m : all_migrations()) {
    const auto index = static_cast<std::size_t>(m.version) - 1;
    all.push_back({m.version, std::string(m.name), index < before->size() ? (*before)[index].at : ""});
  }
  return all;
}

}  // namespace atelier::schema
