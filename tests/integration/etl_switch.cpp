// A load while others read, while others load, and killed in the middle.
#include "db/session.hpp"
#include "etl/next_tables.hpp"
#include "integration/etl_house.hpp"
#include "support/process.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <sys/socket.h>

#include <atomic>
#include <map>
#include <optional>
#include <thread>

using namespace atelier;
using namespace atelier::etl_house;
using namespace std::chrono_literals;
using test::finished;
using test::temp_dir;
using test::test_database;

TEST_CASE("a second load asks for its mode, replaces, and no reader ever sees a half", "[etl]") {
  const temp_dir first, second;
  make_sample(first, 100, 1);
  make_sample(second, 130, 2);
  const test_database database;
  REQUIRE(load(database, first.path()).code == 0);

  const auto refused = load(database, second.path());
  CHECK(refused.code == 2);
  CHECK(refused.errors.find("--mode replace") != std::string::npos);

  constexpr auto counts =
      "select (select count(*) from atelier.reviews) || ' ' || (select count(*) from atelier.answers) || ' ' "
      "||"
      " (select sum(rating_5 + rating_4 + rating_3 + rating_2 + rating_1) from atelier.product_meta)";
  const auto before = ask(database, counts);
  ask(database,
      "insert into atelier.idempotency_keys (key, path, request_hash) values ('k', '/reviews', '') returning "
      "key");
  std::atomic<bool> over = false;
  std::map<std::string, int> seen;
  std::thread reader([&] {
    auto session = db::session::open(database.conninfo(), "reader");
    if (!session || !session->run(fmt::format("prepare counts as {}", counts))) return;
    while (!over) {
      const auto rows = session->run("execute counts");
      ++seen[rows ? std::string(rows->text(0, 0)) : rows.error().what];
    }
  });
  const auto done = load(database, second.path(), {"--mode", "replace"});
  const auto after = ask(database, counts);
  std::this_thread::sleep_for(50ms);
  over = true;
  reader.join();
  INFO(done.errors);
  CHECK(done.code == 0);
  CHECK(before != after);
  CHECK(seen.size() == 2);
  CHECK(seen[before] > 0);
  CHECK(seen[after] > 0);
  CHECK(ask(database, "select count(*) from atelier.idempotency_keys") == "0");
}

TEST_CASE("one load of a database at a time, and the second says who runs", "[etl]") {
  small_set set;
  const temp_dir folder;
  const test_database elsewhere, database;
  auto of_elsewhere = etl::load_lock::take(elsewhere.conninfo());
  auto other = etl::load_lock::take(database.conninfo());
  REQUIRE(of_elsewhere);
  REQUIRE(other);
  const auto process = fmt::format("process {})", PQbackendPID(other->session().handle()));
  const auto refused = load(database, set.write(folder));
  INFO(refused.errors);
  CHECK(refused.code == 1);
  CHECK(refused.errors.find("another load") != std::string::npos);
  CHECK(refused.errors.find("a process on this machine, since 2") != std::string::npos);
  CHECK(refused.errors.find(process) != std::string::npos);

  // Another role sees less of it.
  const auto role = "seer_of_" + database.name();
  ask(database, fmt::format("create role {} login", role));
  const auto seen =
      run_etl({"load", folder.path(), "--db", fmt::format("{} user={}", database.conninfo(), role)});
  INFO(seen.errors);
  CHECK(seen.errors.find("a process (PostgreSQL's " + process) != std::string::npos);
  ask(database, fmt::format("drop role {}", role));
}

TEST_CASE("a load that begins as another one ends has its turn", "[etl]") {
  small_set set;
  const temp_dir folder;
  const test_database database;
  auto other = std::make_optional(etl::load_lock::take(database.conninfo()));
  REQUIRE(*other);
  test::child_process next(ATELIER_PROGRAM, {"etl", "load", set.write(folder), "--rejects",
                                             (folder / "rejects").string(), "--db", database.conninfo()});
  REQUIRE(test::wait_until(20s, [&] {
    return ask(database,
               "select count(*) from pg_stat_activity where datname = current_database()"
               " and query like 'select pg_try_advisory_lock(%'") == "1";
  }));
  other.reset();
  CHECK(next.wait().code == 0);
}

TEST_CASE("no statement of a load is compiled", "[etl]") {
  const test_database database;
  ask(database, fmt::format("alter database {} set jit = on", database.name()));
  auto session = etl::open_session(database.conninfo());
  REQUIRE(session);
  const auto said = session->run("show jit");
  REQUIRE(said);
  CHECK(said->text(0, 0) == "off");
}

TEST_CASE("what a killed load was waiting for in the database ends, and its locks are free", "[etl]") {
  const test_database database;
  auto session = etl::open_session(database.conninfo());
  REQUIRE(session);
  const auto process = PQbackendPID(session->handle());
  REQUIRE(PQsendQuery(session->handle(), "select pg_sleep(60)") == 1);
  const auto runs = fmt::format("select count(*) from pg_stat_activity where pid = {}", process);
  REQUIRE(ask(database, runs) == "1");
  REQUIRE(::shutdown(PQsocket(session->handle()), SHUT_RDWR) == 0);
  CHECK(test::wait_until(20s, [&] { return ask(database, runs) == "0"; }));
}

TEST_CASE("new tables belong to whom the old ones did, and the same roles may read them", "[etl]") {
  small_set set;
  const temp_dir folder;
  const test_database database;
  const auto owner = "owner_of_" + database.name(), reader = "reader of " + database.name();
  ask(database,
      fmt::format("create role {0}; create role \"{1}\"; grant usage, create on schema atelier to {0};"
                  " alter table atelier.reviews owner to {0}; grant select on atelier.reviews to \"{1}\";"
                  " grant select on atelier.questions to public; grant update (helpfulness) on "
                  "atelier.questions to \"{1}\" with grant option",
                  owner, reader));
  constexpr auto rights =
      "select string_agg(relname || ' ' || pg_get_userbyid(relowner) || ' ' || coalesce(relacl::text, '') || "
      "coalesce((select string_agg(attname || attacl::text, ' ') from pg_attribute where attrelid = c.oid "
      "and "
      "attacl is not null), ''), '; ' order by relname) from pg_class c where relkind = 'r' and relnamespace "
      "= "
      "'atelier'::regnamespace";
  const auto before = ask(database, rights);
  const auto done = load(database, set.write(folder));
  INFO(done.errors);
  REQUIRE(done.code == 0);
  CHECK(ask(database, rights) == before);
  CHECK(before.find(owner) != std::string::npos);
  ask(database, fmt::format("drop owned by {0}, \"{1}\" cascade; drop role {0}, \"{1}\"", owner, reader));
}

TEST_CASE("new tables are set as the old ones were", "[etl]") {
  small_set set;
  const temp_dir folder;
  const test_database database;
  ask(database,
      "alter table atelier.reviews alter body set statistics 7, alter rating set (n_distinct = 5), replica "
      "identity full;"
      " alter table atelier.reviews set (autovacuum_vacuum_scale_factor = 0.01,"
      "  toast.autovacuum_vacuum_scale_factor = 0.02);"
      " create unique index \"One id\" on atelier.questions (id);"
      " alter table atelier.questions replica identity using index \"One id\";"
      " alter table atelier.answers cluster on answers_id;"
      " comment on table atelier.answers is 'what we''re told'; comment on column atelier.answers.body is "
      "'it'");
  constexpr auto settings =
      "select string_agg(concat_ws(' ', c.relname, c.relreplident, c.reloptions, t.reloptions,"
      " obj_description(c.oid, 'pg_class'), (select string_agg(concat_ws(' ', attname,"
      "  nullif(attstattarget, -1), attoptions, col_description(c.oid, attnum)), ',' order by attnum)"
      "  from pg_attribute where attrelid = c.oid and attnum > 0), (select string_agg(concat_ws(' ',"
      "  indexrelid::regclass, indisclustered, indisreplident), ',' order by indexrelid::regclass::text)"
      "  from pg_index where indrelid = c.oid)), E'\\n' order by c.relname) from pg_class c"
      " left join pg_class t on t.oid = c.reltoastrelid"
      " where c.relkind = 'r' and c.relnamespace = 'atelier'::regnamespace";
  const auto before = ask(database, settings);
  const auto done = load(database, set.write(folder));
  INFO(done.errors);
  REQUIRE(done.code == 0);
  CHECK(ask(database, settings) == before);
  for (const auto* set_by_us : {"reviews f", "body 7", "n_distinct=5", "0.01", "0.02", "\"One id\" f t",
                                "questions i", "answers_id t f", "what we're told", "body it"})
    CHECK(before.find(set_by_us) != std::string::npos);
}

TEST_CASE("the workers hear of new data when they can see them", "[etl]") {
  small_set set;
  const temp_dir folder;
  const test_database database;
  auto listener = db::session::open(database.conninfo(), "listener");
  REQUIRE(listener);
  REQUIRE(listener->run("listen atelier_cache"));
  REQUIRE(load(database, set.write(folder)).code == 0);
  REQUIRE(listener->run("select 1"));
  const std::unique_ptr<PGnotify, void (*)(void*)> heard(PQnotifies(listener->handle()), PQfreemem);
  REQUIRE(heard);
  CHECK(std::string(heard->extra) == "all");
}

TEST_CASE("tables that all belong to another role are built side by side", "[etl]") {
  small_set set;
  const temp_dir folder;
  const test_database database;
  const auto owner = "owner_of_all_" + database.name();
  ask(database, fmt::format("create role {0}; grant usage, create on schema atelier to {0}", owner));
  for (const auto table : etl::loaded_tables)
    ask(database, fmt::format("alter table atelier.{} owner to {}", table, owner));
  set.write(folder);
  for (int times = 0; times < 12; ++times) {  // rights that are given at the same time meet by chance
    const auto done = load(database, folder.path(), {"--mode", "replace", "--jobs", "8"});
    INFO(done.errors);
    CHECK(done.code == 0);
  }
  ask(database, fmt::format("drop owned by {0} cascade; drop role {0}", owner));
}

TEST_CASE("what others have built on the tables is named and not torn down", "[etl]") {
  small_set set;
  const temp_dir folder;
  const test_database database;
  REQUIRE(load(database, set.write(folder)).code == 0);
  const struct {
    const char *make, *drop, *named;
  } built[] = {
      {"create view public.bodies as select body from atelier.reviews", "drop view public.bodies",
       "view bodies"},
      {"create materialized view public.many as select count(*) from atelier.answers",
       "drop materialized view public.many", "materialized view many"},
      {"create table public.favourites (product bigint references atelier.product_meta)",
       "drop table public.favourites", "constraint favourites_product_fkey"},
      {"create function public.noted() returns trigger language plpgsql as 'begin return new; end';"
       " create trigger audit after insert on atelier.questions for each row execute function public.noted()",
       "drop function public.noted cascade", "trigger audit"},
      {"create policy own on atelier.reviews using (true)", "drop policy own on atelier.reviews",
       "policy own"},
      {"alter table atelier.answers enable row level security",
       "alter table atelier.answers disable row level security", "row level security of table answers"},
      {"set client_min_messages = error; create publication changes for table atelier.answers",
       "drop publication changes", "publication changes"},
      {"create function public.first_one() returns atelier.reviews language sql as "
       "'select * from atelier.reviews limit 1'",
       "drop function public.first_one", "function first_one()"},
  };
  for (const auto& [make, drop, named] : built) {
    INFO(named);
    ask(database, make);
    const auto refused = load(database, folder.path(), {"--mode", "replace"});
    INFO(refused.errors);
    CHECK(refused.code == 1);
    CHECK(refused.errors.find(named) != std::string::npos);
    CHECK(load(database, folder.path(), {"--mode", "append"}).code == 0);
    ask(database, drop);
  }
  CHECK(load(database, folder.path(), {"--mode", "replace"}).code == 0);
}

TEST_CASE("what others build on the tables while a load runs is named and not torn down either", "[etl]") {
  small_set set;
  const temp_dir folder;
  const test_database database;
  REQUIRE(load(database, set.write(folder)).code == 0);
  set.files["reviews"] += "3,1,5,1596080481467,\"s\",\"b\",true,false,\"n\",\"a@b\",null,8\n";
  set.write(folder);
  auto reader = db::session::open(database.conninfo(), "reader");
  REQUIRE(reader);
  REQUIRE(reader->run("begin; select from atelier.reviews"));
  test::child_process loading(
      ATELIER_PROGRAM, {"etl", "load", folder.path(), "--db", database.conninfo(), "--mode", "replace"});
  loading.wait_for("waiting for readers");
  ask(database, "create view public.bodies as select body from atelier.reviews");
  REQUIRE(reader->run("commit"));
  const auto refused = loading.wait();
  INFO(refused.errors);
  CHECK(refused.code == 1);
  CHECK(refused.errors.find("view bodies") != std::string::npos);
  CHECK(ask(database, "select count(*) from public.bodies") == "2");
  ask(database, "drop view public.bodies");
  CHECK(load(database, folder.path(), {"--mode", "replace"}).code == 0);
  CHECK(ask(database, "select count(*) from atelier.reviews") == "3");
}
