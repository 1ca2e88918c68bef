#include "app/stack/places.hpp"

#include "support/temp_dir.hpp"

#include <catch2/catch.hpp>
#include <unistd.h>

using namespace atelier;
using namespace atelier::stack;
namespace fs = std::filesystem;

namespace {

const account somebody{"somebody", 4242, 4242};

}  // namespace

TEST_CASE("a socket's path may have 107 bytes", "[stack]") {
  const std::string name = "/.s.PGSQL.5432";
  CHECK(fits_a_socket("/" + std::string(106 - name.size(), 'x')));
  CHECK_FALSE(fits_a_socket("/" + std::string(107 - name.size(), 'x')));
}

TEST_CASE("of owner, group and others the first that applies decides", "[stack]") {
  CHECK(may_enter(somebody, {4242, 0, 0100}));
  CHECK_FALSE(may_enter(somebody, {4242, 4242, 0011}));
  CHECK(may_enter(somebody, {0, 4242, 0010}));
  CHECK_FALSE(may_enter(somebody, {0, 4242, 0101}));
  CHECK(may_enter(somebody, {0, 0, 0001}));
  CHECK_FALSE(may_enter(somebody, {0, 0, 0770}));
}

TEST_CASE("data go elsewhere only when PostgreSQL's user cannot reach them", "[stack]") {
  const test::temp_dir folder;
  const auto asked = folder / "closed" / "deep";
  fs::create_directory(folder / "closed");
  CHECK(place_for_data(asked, somebody) == asked);
  fs::permissions(folder / "closed", fs::perms::owner_all);
  CHECK(place_for_data(asked, {}) == asked);
  if (geteuid() != 4242) CHECK(place_for_data(asked, somebody) == reachable_data);
}

TEST_CASE("the place for data is absolute and has no dots in it", "[stack]") {
  CHECK(place_for_data("some/../folder/", {}) == fs::current_path() / "folder");
}

TEST_CASE("a runtime folder is ours alone and has room for a socket", "[stack]") {
  const auto made = make_runtime_folder();
  REQUIRE(made);
  CHECK(fits_a_socket(*made));
  CHECK(fs::status(*made).permissions() == fs::perms::owner_all);
  fs::remove(*made);
}

TEST_CASE("a disk without room is refused in words", "[stack]") {
  CHECK(check_disk("/", 1));
  const auto refused = check_disk("/", 1ULL << 60);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what.find("MB are free") != std::string::npos);
}
