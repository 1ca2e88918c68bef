// Loads that are cut down: killed, left by the database, out of space.
#include "db/session.hpp"
#include "etl/random.hpp"
#include "integration/etl_house.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <thread>

using namespace atelier;
using namespace atelier::etl_house;
using namespace std::chrono_literals;
using test::temp_dir;
using test::test_database;

namespace {

std::string reviews_in(const test_database& database) {
  return ask(database, "select count(*) from atelier.reviews");
}

std::string leftovers_in(const test_database& database) {
  return ask(database, "select count(*) from pg_namespace where nspname in ('atelier_next', 'atelier_old')");
}

// No file of the process and of its children to come may grow beyond this. Asked as the user who owns the
// process.
void limit_file_size(pid_t process, const std::string& bytes) {
  const auto command = fmt::format("prlimit --pid {0} --fsize={1}:", process, bytes);
  const auto as_owner =
      fmt::format("{0} 2>/dev/null || runuser -u \"$(stat -c %U /proc/{1})\" -- {0}", command, process);
  const auto done = test::run_program("/bin/sh", {"-c", as_owner});
  INFO(done.errors);
  REQUIRE(done.code == 0);
}

// A killed program's session holds its lock until the server notices.
test::finished load_when_free(const test_database& database, const std::string& source) {
  for (int attempt = 0;; ++attempt) {
    auto done = load(database, source, {"--mode", "replace"});
    if (done.code == 0 || attempt == 30 || done.errors.find("another load") == std::string::npos) return done;
    std::this_thread::sleep_for(200ms);
  }
}

}  // namespace

TEST_CASE("killed at twenty random moments, a load has changed all or nothing, and the next ends right",
          "[etl]") {
  const std::uint64_t seed = 20'261'123;
  INFO("seed " << seed);
  atelier::etl::random_stream random(seed, 1);
  const temp_dir first, second;
  make_sample(first, 50, 1);
  make_sample(second, 1500, 2);
  const test_database database;
  REQUIRE(load(database, first.path()).code == 0);
  const auto before = reviews_in(database);
  std::vector<std::string> seen;
  for (int times = 0; times < 20; ++times) {
    test::child_process child(
        ATELIER_PROGRAM, {"etl", "load", second.path(), "--db", database.conninfo(), "--mode", "replace"});
    std::this_thread::sleep_for(std::chrono::milliseconds(random.below(900)));
    child.signal(SIGKILL);
    child.wait();
    seen.push_back(reviews_in(database));
    CHECK(wrong_counters(database) == "0");
  }
  const auto done = load_when_free(database, second.path());
  INFO(done.errors);
  REQUIRE(done.code == 0);
  const auto whole = reviews_in(database);
  CHECK(whole != before);
  for (const auto& served : seen) CHECK((served == before || served == whole));
  CHECK(wrong_counters(database) == "0");
  CHECK(leftovers_in(database) == "0");
}

TEST_CASE("a database that dies in the middle of a load serves the old data when it is back", "[etl]") {
  test::private_postgres server;
  const test_database database(test_database::content::schema, server);
  const temp_dir first, second;
  make_sample(first, 50, 1);
  make_sample(second, 15'000, 2);  // seconds of work, to be caught in
  REQUIRE(load(database, first.path()).code == 0);
  const auto before = reviews_in(database);
  for (const auto* mode : {"replace", "append"}) {
    test::child_process child(ATELIER_PROGRAM,
                              {"etl", "load", second.path(), "--db", database.conninfo(), "--mode", mode});
    const auto copying =
        "select count(*) from pg_stat_activity where state = 'active' and query ilike 'copy %'";
    REQUIRE(test::wait_until(20s, [&] { return ask(database, copying) != "0"; }));
    server.kill();
    const auto ended = child.wait();
    INFO(ended.errors);
    CHECK(ended.code == 1);
    server.start();
    if (mode == std::string("replace")) CHECK(reviews_in(database) == before);
    CHECK(wrong_counters(database) == "0");
  }
  const auto done = load_when_free(database, second.path());
  INFO(done.errors);
  REQUIRE(done.code == 0);
  CHECK(leftovers_in(database) == "0");
}

TEST_CASE("a database without space left refuses the load, and the old data serve", "[etl]") {
  test::private_postgres server;
  const test_database database(test_database::content::schema, server);
  const temp_dir first, second;
  make_sample(first, 50, 1);
  make_sample(second, 12000, 2);
  REQUIRE(load(database, first.path()).code == 0);
  const auto before = reviews_in(database);
  // No file of the server may grow beyond 17 MB (its log's segments have 16): as on a full disk, extending
  // one fails.
  const auto checkpointer =
      ask(database, "select pid from pg_stat_activity where backend_type = 'checkpointer'");
  const auto about = test::read_file("/proc/" + checkpointer + "/stat");  // pid (name) state parent …
  const auto postmaster = static_cast<pid_t>(std::stol(about.substr(about.rfind(')') + 4)));
  limit_file_size(postmaster, "17825792");
  const auto full = load(database, second.path(), {"--mode", "replace"});
  INFO(full.errors);
  CHECK(full.code == 1);
  CHECK(full.errors.find("could not") != std::string::npos);
  CHECK(reviews_in(database) == before);
  limit_file_size(postmaster, "unlimited");
  const auto done = load(database, second.path(), {"--mode", "replace"});
  INFO(done.errors);
  CHECK(done.code == 0);
  CHECK(leftovers_in(database) == "0");
}

TEST_CASE("without space for rejects or photos nothing is published", "[etl]") {
  const temp_dir first, second, rejects;
  make_sample(first, 50, 1);
  make_sample(second, 3000, 2, "20%");
  const test_database database;
  REQUIRE(load(database, first.path()).code == 0);
  const auto before = reviews_in(database);
  for (const auto* limit : {"300", "60"}) {  // blocks of 512 bytes: too few for the photos, for the rejects
    const auto command = fmt::format(
        "trap '' XFSZ; ulimit -f {}; exec {} etl load {} --db '{}' --mode replace --max-rejects 90% "
        "--rejects {}",
        limit, ATELIER_PROGRAM, second.path().string(), database.conninfo(), rejects.path().string());
    const auto failed = test::run_program("/bin/sh", {"-c", command}, 120s);
    INFO(failed.errors);
    CHECK(failed.code == 1);
    CHECK(failed.errors.find("cannot be written") != std::string::npos);
    CHECK(reviews_in(database) == before);
  }
  CHECK(
      ask(database, "select outcome from atelier.loads order by id desc limit 1").find("cannot be written") !=
      std::string::npos);
}
