// Workers with caches over one database, and what the cases about them say and ask.
#pragma once

#include "integration/contract_sql.hpp"
#include "support/http_client.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::cache_fleet {

using namespace test;
using namespace std::chrono_literals;

struct worker {
  std::uint16_t port = free_port();
  std::uint16_t admin = free_port();
  child_process process;

  worker(const std::string& conninfo, const std::string& cache_megabytes, std::vector<std::string> more = {})
      : process(ATELIER_PROGRAM, arguments(conninfo, cache_megabytes, std::move(more))) {}

  std::vector<std::string> arguments(const std::string& conninfo, const std::string& cache_megabytes,
                                     std::vector<std::string> more) const {
    more.insert(more.begin(),
                {"api", "--listen", fmt::format("127.0.0.1:{}", port), "--admin",
                 fmt::format("127.0.0.1:{}", admin), "--db", conninfo, "--cache-mb", cache_megabytes});
    return more;
  }

  // A figure of its /metrics.
  double metric(const std::string& name) const {
    const auto page = fetch(admin, "/metrics").body;
    const auto at = page.find("\n" + name + " ");
    return at == page.npos ? -1 : std::stod(page.substr(at + name.size() + 2));
  }
  bool becomes_usable() const {
    return wait_until(20s, [&] {
      try {
        return metric("atelier_api_cache_usable") == 1;
      } catch (const std::runtime_error&) {
        return false;
      }
    });
  }
};

struct fleet {
  temp_dir csv;
  test_database database{test_database::content::schema};
  std::vector<worker> workers;

  explicit fleet(std::size_t size, const std::string& cache_megabytes = "16") {
    load(1);
    for (std::size_t i = 0; i < size; ++i) start(cache_megabytes);
  }
  void start(const std::string& cache_megabytes, std::vector<std::string> more = {}) {
    workers.emplace_back(database.conninfo(), cache_megabytes, std::move(more));
    if (cache_megabytes != "0") REQUIRE(workers.back().becomes_usable());
    const auto port = workers.back().port;
    REQUIRE(wait_until(20s, [&] { return is_listening(port) && fetch(port, "/ready").status == 200; }));
  }
  void load(int seed) {
    const auto folder = (csv.path() / std::to_string(seed)).string();
    REQUIRE(run_program(ATELIER_PROGRAM,
                        {"etl", "sample", folder, "--products", "40", "--seed", std::to_string(seed)})
                .code == 0);
    const auto loaded = run_program(
        ATELIER_PROGRAM, {"etl", "load", folder, "--db", database.conninfo(), "--mode", "replace"});
    INFO(loaded.errors);
    REQUIRE(loaded.code == 0);
  }
  std::string conninfo() const { return database.conninfo(); }
};

inline std::string review(int id) { return fmt::format("/reviews/{}", id); }

inline int helpfulness(const http_answer& answer) {
  const std::string_view key = "\"helpfulness\":";
  const auto at = answer.body.find(key);
  return at == std::string::npos ? -1 : std::atoi(answer.body.c_str() + at + key.size());
}

inline int helpful_now(const worker& w, int id) { return helpfulness(fetch(w.port, review(id))); }

inline void vote(const worker& w, int id) {
  REQUIRE(http_client(w.port).put(review(id) + "/helpful").status == 204);
}

}  // namespace atelier::cache_fleet
