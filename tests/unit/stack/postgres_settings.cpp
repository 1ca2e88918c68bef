#include "app/stack/postgres_settings.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace atelier::stack;

namespace {

std::map<std::string, std::string> settings_for(unsigned long long memory, int workers) {
  const auto all = postgres_settings(memory, workers);
  return {all.begin(), all.end()};
}

}  // namespace

TEST_CASE("PostgreSQL listens on no network and never answers a commit that is not on disk", "[stack]") {
  const auto settings = settings_for(8ULL << 30, 3);
  CHECK(settings.at("listen_addresses").empty());
  CHECK(settings.at("synchronous_commit") == "on");
  CHECK_FALSE(settings.contains("fsync"));
  CHECK_FALSE(settings.contains("full_page_writes"));
}

TEST_CASE("memory and connections follow the machine and the workers, within limits", "[stack]") {
  CHECK(settings_for(100ULL << 20, 1).at("shared_buffers") == "64MB");
  CHECK(settings_for(6ULL << 30, 1).at("shared_buffers") == "1024MB");
  CHECK(settings_for(1ULL << 40, 1).at("shared_buffers") == "8192MB");
  CHECK(std::stoi(settings_for(6ULL << 30, 64).at("max_connections")) > 64 * 8);
  CHECK(memory_bytes() > 0);
}
