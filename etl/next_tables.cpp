#include "etl/next_tables.hpp"

#include "core/log.hpp"
#include "etl/built_on.hpp"

#include <fmt/ranges.h>

#include <chrono>
#include <thread>

namespace atelier::etl {
namespace {

constexpr long long lock_key = 0x6174656c65746c;  // any constant that no other program uses
constexpr int lock_attempts = 20;                 // two seconds: twice client_connection_check_interval below
constexpr auto pause_between_locks = std::chrono::milliseconds(100);
constexpr int switch_attempts = 120;  // each waits for readers for at most lock_timeout
constexpr auto pause_between = std::chrono::milliseconds(500);

result<> run(db::session& session, const std::string& sql) {
  if (const auto done = session.run(sql); !done) return done.error();
  return {};
}

// Who holds the lock, in words. Of a session of another role only its number is to be seen.
std::string holder(db::session& session) {
  const auto found = session.run(fmt::format(
      "select a.pid, coalesce(' on ' || coalesce(host(a.client_addr), 'this machine') || ', since '"
      "  || to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), '')"
      " from pg_locks l join pg_stat_activity a using (pid)"
      " where l.locktype = 'advisory' and l.granted and l.classid = {} and l.objid = {}"
      "  and l.database = (select oid from pg_database where datname = current_database())",
      static_cast<std::uint32_t>(lock_key >> 32), static_cast<std::uint32_t>(lock_key)));
  if (!found || found->size() == 0) return "another process";
  return fmt::format("a process{} (PostgreSQL's process {})", found->text(0, 1), found->text(0, 0));
}

result<> drop_tables_of(db::session& session, std::string_view schema) {
  return run(session,
             fmt::format("set client_min_messages = warning; drop schema if exists {} cascade", schema));
}

// Indexes and primary key as the serving table has them, under the same names.
result<table_build> indexes_of(db::session& session, std::string_view table) {
  const auto indexes =
      session.run(fmt::format("select pg_get_indexdef(i.indexrelid), c.relname, i.indisprimary from pg_index "
                              "i join pg_class c on c.oid = i.indexrelid"
                              " where i.indrelid = '{}.{}'::regclass order by i.indisprimary desc, c.relname",
                              serving_schema, table));
  if (!indexes) return indexes.error();
  table_build build;
  const auto on = fmt::format(" ON {}.", serving_schema);
  for (std::size_t i = 0; i < indexes->size(); ++i) {
    std::string sql(indexes->text(i, 0));
    const auto at = sql.find(on);
    if (at == std::string::npos)
      return fail("the index '{}' cannot be built again from its definition: drop it and load again",
                  indexes->text(i, 1));
    sql.replace(at, on.size(), fmt::format(" ON {}.", next_schema));
    build.side_by_side.push_back(std::move(sql));
    if (indexes->text(i, 2) == "t")
      build.afterwards.push_back(
          fmt::format("alter table {0}.{1} add constraint {2} primary key using index {2}", next_schema,
                      table, indexes->text(i, 1)));
  }
  return build;
}

// The new table belongs to whom the old one belongs to, and the same roles may read and write it and its
// columns.
result<std::string> rights_of(db::session& session, std::string_view table) {
  const auto rights = session.run(fmt::format(
      "with old as (select oid, relowner, relacl from pg_class where oid = '{0}.{1}'::regclass),"
      " rights as ("
      "  select a.*, '' as columns from old, aclexplode(relacl) a union all"
      "  select a.*, format('(%I)', attname) from old join pg_attribute on attrelid = oid, "
      "aclexplode(attacl) a"
      "  where attnum > 0 and not attisdropped)"
      " select pg_get_userbyid(relowner) = current_user, quote_ident(pg_get_userbyid(relowner)),"
      "  (select coalesce(string_agg(format('grant %s%s on {2}.{1} to %s%s', privilege_type, columns,"
      "    case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end,"
      "    case when is_grantable then ' with grant option' else '' end), '; '), '') from rights) from old",
      serving_schema, table, next_schema));
  if (!rights) return rights.error();
  std::string sql;
  if (rights->text(0, 0) != "t")
    sql = fmt::format("alter table {}.{} owner to {}; ", next_schema, table, rights->text(0, 1));
  sql += rights->text(0, 2);
  return sql;
}

// What is set of the table and its columns, and LIKE does not copy. The indexes that are named are there when
// this is run.
result<std::string> settings_of(db::session& session, std::string_view table) {
  const auto settings = session.run(fmt::format(
      "with old as (select oid, relreplident from pg_class where oid = '{0}.{1}'::regclass),"
      " of_columns as (select a.* from old join pg_attribute a on attrelid = oid and attnum > 0 and not "
      "attisdropped),"
      " of_indexes as (select i.*, relname from old join pg_index i on indrelid = old.oid join pg_class c on "
      "c.oid = indexrelid),"
      " changes(change) as ("
      "  select format('alter %I set statistics %s', attname, attstattarget) from of_columns where "
      "attstattarget >= 0 union all"
      "  select format('alter %I set (%s)', attname, array_to_string(attoptions, ', ')) from of_columns"
      "   where attoptions is not null union all"
      "  select 'replica identity ' || case relreplident when 'f' then 'full' else 'nothing' end from old"
      "   where relreplident in ('f', 'n') union all"
      "  select format('replica identity using index %I', relname) from of_indexes where indisreplident "
      "union "
      "all"
      "  select format('cluster on %I', relname) from of_indexes where indisclustered),"
      " statements(statement) as ("
      "  select format('alter table {2}.{1} %s', change) from changes union all"
      "  select format('comment on table {2}.{1} is %L', obj_description(oid, 'pg_class')) from old"
      "   where obj_description(oid, 'pg_class') is not null)"
      " select coalesce(string_agg(statement, '; '), '') from statements",
      serving_schema, table, next_schema));
  if (!settings) return settings.error();
  return std::string(settings->text(0, 0));
}

// Asked more than once: PostgreSQL's process of a load that has just ended, or was killed, may not have
// noticed yet.
result<bool> take_lock(db::session& session) {
  for (int attempt = 1;; ++attempt) {
    const auto locked = session.run(fmt::format("select pg_try_advisory_lock({})", lock_key));
    if (!locked) return locked.error();
    const bool is_ours = locked->text(0, 0) == "t";
    if (is_ours || attempt == lock_attempts) return is_ours;
    std::this_thread::sleep_for(pause_between_locks);
  }
}

}  // namespace

result<db::session> open_session(const std::string& conninfo) {
  auto session = db::session::open(conninfo, "atelier etl load");
  if (!session) return session;
  // What server, database or role say of sessions that are short, as a page's are. Not every version has all.
  // To compile (jit) a statement of a batch takes twice as long as to run it.
  if (auto set = session->run(
          "select set_config(name, case name when 'default_transaction_isolation' then 'read committed'"
          " when 'jit' then 'off' else '0' end, false) from pg_settings where name in ('statement_timeout',"
          " 'lock_timeout', 'transaction_timeout', 'idle_session_timeout',"
          " 'idle_in_transaction_session_timeout', 'default_transaction_isolation', 'jit')");
      !set)
    return set.error();
  // A statement whose client was killed ends, and what it holds is free for the next load; before PostgreSQL
  // 14, and on some systems, it goes on to its end.
  (void)session->run("set client_connection_check_interval = '1s'");
  return session;
}

result<load_lock> load_lock::take(const std::string& conninfo) {
  auto session = open_session(conninfo);
  if (!session) return session.error();
  const auto locked = take_lock(*session);
  if (!locked) return locked.error();
  if (!*locked)
    return fail("another load of {} is under way: {}; wait until it has ended",
                db::place_of(session->handle()), holder(*session));
  for (const std::string_view table :
       {"reviews", "product_meta", "characteristic_reviews", "questions", "answers", "loads"}) {
    const auto exists =
        session->run(fmt::format("select to_regclass('{}.{}') is not null", serving_schema, table));
    if (!exists) return exists.error();
    if (exists->text(0, 0) != "t")
      return fail("{} has no table {}.{}: run `atelier schema apply` first", db::place_of(session->handle()),
                  serving_schema, table);
  }
  return load_lock(std::move(*session));
}

result<bool> load_lock::has_data() {
  for (const auto table : loaded_tables) {
    const auto found = session_.run(fmt::format("select exists (select from {}.{})", serving_schema, table));
    if (!found) return found.error();
    if (found->text(0, 0) == "t") return true;
  }
  return false;
}

result<> load_lock::remove_leftovers() {
  for (const auto schema : {next_schema, old_schema}) {
    const auto there =
        session_.run(fmt::format("select exists (select from pg_namespace where nspname = '{}')", schema));
    if (!there) return there.error();
    if (there->text(0, 0) == "t") log::info("removing what an earlier load left behind schema={}", schema);
    if (auto dropped = drop_tables_of(session_, schema); !dropped) return dropped;
  }
  return {};
}

result<> load_lock::begin() {
  if (auto made = run(session_, fmt::format("create schema {}", next_schema)); !made) return made;
  // Who owns a table that serves is to own the next one, which takes rights on its schema. All are given
  // here: given by the tables' own connections at the same time, they would meet in the schema's row.
  const auto rights = session_.run(fmt::format(
      "select coalesce(string_agg(distinct format('grant usage, create on schema {} to %I', "
      "pg_get_userbyid(relowner)), '; '), '') from pg_class where relnamespace = '{}'::regnamespace"
      " and relname = any(string_to_array('{}', ',')) and pg_get_userbyid(relowner) <> current_user",
      next_schema, serving_schema, fmt::join(loaded_tables, ",")));
  if (!rights) return rights.error();
  const std::string grants(rights->text(0, 0));
  return grants.empty() ? result<>{} : run(session_, grants);
}

void load_lock::give_up() { (void)drop_tables_of(session_, next_schema); }

result<> load_lock::lock_tables() {
  // Shorter than PostgreSQL's deadlock_timeout: should a reader take the tables in another order, it is us
  // who give way.
  std::string sql = "begin; set local lock_timeout = '500ms'; lock table ";
  for (const auto table : loaded_tables) sql += fmt::format("{}.{}, ", serving_schema, table);
  return run(session_, sql + fmt::format("{}.idempotency_keys in access exclusive mode", serving_schema));
}

result<> load_lock::switch_tables(const largest_ids& largest, const load_record& record,
                                  const load_report& report) {
  auto sql = fmt::format("create schema {}; ", old_schema);
  for (const auto table : loaded_tables)
    sql += fmt::format("alter table {0}.{2} set schema {1}; alter table {3}.{2} set schema {0}; ",
                       serving_schema, old_schema, table, next_schema);
  const auto past = [&](std::string_view sequence, std::int64_t id) {
    sql += fmt::format("select setval('{}.{}', {}, {}); ", serving_schema, sequence,
                       std::max<std::int64_t>(id, 1), id > 0);
  };
  past("review_ids", largest.review);
  past("review_photo_ids", largest.review_photo);
  past("characteristic_review_ids", largest.characteristic_review);
  past("question_ids", largest.question);
  past("answer_ids", largest.answer);
  past("answer_photo_ids", largest.answer_photo);
  sql += fmt::format("delete from {}.idempotency_keys; drop schema {}; {}", serving_schema, next_schema,
                     empty_caches);
  if (auto switched = run(session_, sql); !switched) return switched;
  if (auto noted = record.finish(session_, report, "published"); !noted) return noted;
  return run(session_, "commit");
}

result<> load_lock::publish(const largest_ids& largest, const load_record& record,
                            const load_report& report) {
  constexpr std::string_view lock_not_available = "55P03";  // PostgreSQL manual, appendix A
  for (int attempt = 1;; ++attempt) {
    auto done = lock_tables();
    if (done)  // what was made since the load began
      if (auto free = nothing_is_built_on(session_); !free) {
        (void)run(session_, "rollback");
        return free;
      }
    if (done) done = switch_tables(largest, record, report);
    if (done) break;
    const bool locked_out = session_.sqlstate() == lock_not_available;
    if (auto undone = run(session_, "rollback"); !undone) return undone;
    if (!locked_out || attempt == switch_attempts) return done;
    if (attempt == 1) log::info("waiting for readers that hold the tables, to switch to the new ones");
    std::this_thread::sleep_for(pause_between);  // let those through who wait behind us
  }
  if (auto dropped = drop_tables_of(session_, old_schema); !dropped)
    log::warning("the new data serve, but the old tables could not be dropped; the next load will: {}",
                 dropped.error().what);
  return {};
}

result<db::session> open_builder(const std::string& conninfo) {
  auto session = open_session(conninfo);
  if (!session) return session;
  // A crash may lose what only we have seen; the switch itself is committed durably by the connection that
  // holds the lock, and its record stands in the log behind ours.
  if (auto set = session->run("set synchronous_commit = off"); !set) return set.error();
  return session;
}

result<next_table> next_table::start(const std::string& conninfo, std::string_view table,
                                     std::string_view columns) {
  auto opened = open_builder(conninfo);
  if (!opened) return opened.error();
  auto session = std::make_unique<db::session>(std::move(*opened));
  const auto options = session->run(fmt::format(
      "with old as (select reloptions, reltoastrelid from pg_class where oid = '{}.{}'::regclass)"
      " select coalesce(string_agg(option, ', '), '') from (select unnest(reloptions) from old union all "
      "select"
      " 'toast.' || unnest(t.reloptions) from old join pg_class t on t.oid = old.reltoastrelid) "
      "options(option)",
      serving_schema, table));
  if (!options) return options.error();
  auto make = fmt::format("begin; create table {0}.{2} (like {1}.{2} including all excluding indexes)",
                          next_schema, serving_schema, table);
  if (const auto with = options->text(0, 0); !with.empty())
    make += fmt::format("; alter table {}.{} set ({})", next_schema, table, with);
  if (auto made = run(*session, make); !made) return made.error();
  auto writer = copy_writer::start(*session, fmt::format("{}.{} {}", next_schema, table, columns), true);
  if (!writer) return writer.error();
  return next_table(std::move(session), table, std::move(*writer));
}

result<table_build> next_table::finish() {
  const auto copied = writer_.finish();
  if (!copied) return copied.error();
  auto build = indexes_of(*session_, table_);
  if (!build) return build;
  build->rows = *copied;
  auto settings = settings_of(*session_, table_);
  if (!settings) return settings.error();
  if (!settings->empty()) build->afterwards.push_back(std::move(*settings));
  build->afterwards.push_back(fmt::format("analyze {}.{}", next_schema, table_));
  auto rights = rights_of(*session_, table_);
  if (!rights) return rights.error();
  if (!rights->empty()) build->afterwards.push_back(std::move(*rights));
  build->filled = std::move(session_);
  return build;
}

}  // namespace atelier::etl
