// A worker's access log is rotated under it.
#include "support/http_client.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <filesystem>

using namespace atelier::test;
using namespace std::chrono_literals;

TEST_CASE("after SIGHUP a worker goes on serving, and writes its access log to a new file", "[api]") {
  const test_database database;
  const temp_dir folder;
  const auto file = folder / "logs/access.log";
  const auto renamed = folder / "logs/access.log.1";
  std::filesystem::create_directory(file.parent_path());
  const auto port = free_port();
  child_process worker(ATELIER_PROGRAM,
                       {"api", "--listen", fmt::format("127.0.0.1:{}", port), "--db", database.conninfo(),
                        "--access-log", "full", "--access-log-file", file});
  REQUIRE(wait_until(20s, [&] { return is_listening(port) && fetch(port, "/ready").status == 200; }));
  const auto asks = [&](const std::string& id) {
    CHECK(fetch(port, "/live", {{"X-Request-Id", id}}).status == 200);
  };
  const auto tells_of = [](const std::filesystem::path& log, const std::string& id) {
    return std::filesystem::exists(log) &&
           read_file(log).find(" request_id=" + id + " ") != std::string::npos;
  };

  asks("before");
  REQUIRE(wait_until(10s, [&] { return tells_of(file, "before"); }));
  std::filesystem::rename(file, renamed);
  worker.signal(SIGHUP);
  REQUIRE(wait_until(10s, [&] { return std::filesystem::exists(file); }));
  asks("after");
  REQUIRE(wait_until(10s, [&] { return tells_of(file, "after"); }));
  CHECK_FALSE(tells_of(renamed, "after"));

  std::filesystem::remove_all(file.parent_path());
  worker.signal(SIGHUP);
  worker.wait_for("cannot be opened");
  asks("nowhere");
  worker.signal(SIGTERM);
  CHECK(worker.wait().code == 0);
}
