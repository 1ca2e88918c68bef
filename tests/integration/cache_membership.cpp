// Who belongs to the circle of workers that a write waits for: one who is gone is waited for only until that
// is noticed, however it went unheard.
#include "app/api/statements.hpp"
#include "integration/cache_fleet.hpp"

#include <thread>

using namespace atelier::cache_fleet;

namespace {

// Writes again and again; true once the worker has nobody else to wait for.
bool is_alone_after_some_writes(const worker& w) {
  return wait_until(20s, [&] {
    vote(w, 1);
    return w.metric("atelier_api_cache_workers") == 1;
  });
}

int lines_with(const std::string& text, std::string_view what) {
  int count = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++count;
  return count;
}

// One of the program's own statements for one worker, ready to `execute NAME(ID)`.
void prepare(sql& session, const std::string& name, atelier::api::statement which) {
  session.run("set search_path to atelier");
  session.run(fmt::format("prepare {} (bigint) as {}", name,
                          atelier::api::all_statements()[static_cast<std::size_t>(which)].sql));
}

}  // namespace

TEST_CASE("a worker that left unheard costs some writes their wait, not all that follow", "[cache]") {
  fleet f(1);
  const auto& w = f.workers.front();
  sql database(f.conninfo());
  database.run("insert into atelier.workers (id) values (7)");
  database.run(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'atelier api listener'"
      " and datname = current_database()");
  REQUIRE(wait_until(20s, [&] { return w.metric("atelier_api_cache_workers") == 2; }));
  database.run("delete from atelier.workers where id = 7");
  CHECK(is_alone_after_some_writes(w));
}

TEST_CASE("who takes a worker out while it joins again is heard behind that", "[cache]") {
  const test_database database;
  sql watcher(database.conninfo());
  watcher.run("insert into atelier.workers (id) values (7)");
  sql joining(database.conninfo());
  prepare(joining, "join_again", atelier::api::statement::worker_joins);
  sql evicting(database.conninfo());
  prepare(evicting, "evict", atelier::api::statement::evict_worker);
  joining.run("begin");
  joining.run("execute join_again(7)");
  std::thread other([&] { evicting.run("execute evict(7)"); });
  CHECK(wait_until(10s, [&] { return watcher.run("select count(*)" + waiting_sessions) == "1"; }));
  joining.run("commit");
  other.join();
  CHECK(watcher.run("select count(*) from atelier.workers") == "0");
}

TEST_CASE("that a silent worker cannot be taken out is said once", "[cache]") {
  fleet f(0);
  f.start("16", {"--statement-timeout", "500ms"});
  auto& w = f.workers.front();
  sql database(f.conninfo());
  database.run("select pg_notify('atelier_cache', 'joined 7')");
  sql locker(f.conninfo());
  locker.run("begin");
  locker.run("lock table atelier.workers in share mode");
  REQUIRE(wait_until(60s, [&] {
    vote(w, 1);
    return w.metric("atelier_api_db_errors_total{kind=\"timed_out\"}") >= 3;
  }));
  w.process.wait_for("could not be taken out");
  CHECK(lines_with(w.process.errors(), "could not be taken out") == 1);
  locker.run("commit");
  CHECK(is_alone_after_some_writes(w));
  CHECK(lines_with(w.process.errors(), "was taken out") == 1);
}

TEST_CASE("who never joined takes no leave, and who did and cannot says so", "[cache]") {
  constexpr auto complaint = "could not say that it leaves";
  worker stranger("host=/nowhere", "16");
  stranger.process.wait_for("serving listen=");
  stranger.process.signal(SIGTERM);
  const auto gone = stranger.process.wait();
  CHECK(gone.code == 0);
  CHECK(gone.errors.find(complaint) == gone.errors.npos);

  private_postgres server;
  const test_database database(test_database::content::schema, server);
  worker member(database.conninfo(), "16", {"--statement-timeout", "500ms"});
  REQUIRE(member.becomes_usable());
  server.kill();
  REQUIRE(wait_until(20s, [&] { return member.metric("atelier_api_cache_usable") == 0; }));
  member.process.signal(SIGTERM);
  CHECK(member.process.wait().errors.find(complaint) != std::string::npos);
}
