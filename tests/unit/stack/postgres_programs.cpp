#include "app/stack/postgres_programs.hpp"

#include "support/temp_dir.hpp"

#include <catch2/catch.hpp>

using namespace atelier;
namespace fs = std::filesystem;

namespace {

void install(const test::temp_dir& folder, const std::string& version) {
  for (const char* program : {"initdb", "postgres"}) {
    const auto file = folder.write(version + "/bin/" + program, "");
    fs::permissions(file, fs::perms::owner_all);
  }
}

}  // namespace

TEST_CASE("the newest PostgreSQL that is new enough is taken", "[stack]") {
  const test::temp_dir versions;
  CHECK_FALSE(stack::newest_postgres(versions / "absent"));
  install(versions, "9.6");
  install(versions, "13");
  CHECK_FALSE(stack::newest_postgres(versions.path()));
  install(versions, "15");
  install(versions, "16");
  versions.write("17/bin/psql", "a client alone");
  const auto found = stack::newest_postgres(versions.path());
  REQUIRE(found);
  CHECK(found->major == 16);
  CHECK(found->folder == versions / "16/bin");
  CHECK(stack::newest_postgres(versions.path(), 15)->major == 15);
  CHECK_FALSE(stack::newest_postgres(versions.path(), 14));
}

TEST_CASE("the major version is read from what postgres says of itself", "[stack]") {
  CHECK(stack::major_version("postgres (PostgreSQL) 15.6 (Debian 15.6-0+deb12u1)\n") == 15);
  CHECK(stack::major_version("postgres (PostgreSQL) 17devel") == 17);
  CHECK_FALSE(stack::major_version("initdb: no such file"));
}
