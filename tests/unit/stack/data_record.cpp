#include "app/stack/data_record.hpp"

#include "support/temp_dir.hpp"

#include <catch2/catch.hpp>

using namespace atelier;
using namespace atelier::stack;

namespace {

const data_source thousand{1000, ""};
const data_source hundred{100, ""};
const data_source files{0, "/srv/csv"};

}  // namespace

TEST_CASE("an empty folder gets what was asked for, a thousand products when nothing was", "[stack]") {
  const auto nothing = plan_data({{}, false}, {});
  REQUIRE(nothing);
  CHECK(nothing->source == thousand);
  CHECK(nothing->must_load);
  CHECK_FALSE(nothing->must_clear);
  CHECK(plan_data({files, false}, {})->source == files);
}

TEST_CASE("a second start keeps the data, asked for by name or not", "[stack]") {
  const data_record found{hundred, true};
  for (const auto& asked : {std::optional<data_source>(), std::optional(hundred)}) {
    const auto plan = plan_data({asked, false}, found);
    REQUIRE(plan);
    CHECK(plan->source == hundred);
    CHECK_FALSE(plan->must_load);
    CHECK_FALSE(plan->must_clear);
  }
}

TEST_CASE("other data than those there are refused, and made with --reset", "[stack]") {
  const data_record found{hundred, true};
  for (const auto& asked : {thousand, files}) {
    const auto refused = plan_data({asked, false}, found);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().what.find("the sample data of 100 products") != std::string::npos);
    CHECK(refused.error().what.find("--reset") != std::string::npos);
    const auto plan = plan_data({asked, true}, found);
    REQUIRE(plan);
    CHECK(plan->source == asked);
    CHECK(plan->must_load);
    CHECK(plan->must_clear);
  }
}

TEST_CASE("a load that was interrupted is done again", "[stack]") {
  const data_record found{files, false};
  CHECK(plan_data({{}, false}, found)->must_load);
  CHECK(plan_data({{}, false}, found)->source == files);
  CHECK(plan_data({hundred, false}, found)->source == hundred);
}

TEST_CASE("a record is read as it was written", "[stack]") {
  const data_source odd{0, "/srv/it's \"odd\"\\näh"};
  for (const auto& record : {data_record{hundred, true}, data_record{odd, false}}) {
    const auto again = read_record(write_record(record));
    REQUIRE(again);
    CHECK(again->source == record.source);
    CHECK(again->is_loaded == record.is_loaded);
  }
}

TEST_CASE("what is no record, or a newer one, is refused", "[stack]") {
  for (const char* text : {"", "= nonsense", "format = 1\nloaded = true\n", "loaded = true\nproducts = 5\n"})
    CHECK_FALSE(read_record(text));
  CHECK(read_record("format = 2\nproducts = 5\n").error().what.find("newer") != std::string::npos);
}

TEST_CASE("a folder without a record has none, and one that was saved is found", "[stack]") {
  const test::temp_dir folder;
  CHECK_FALSE(*load_record(folder.path()));
  REQUIRE(save_record(folder.path(), {files, true}));
  const auto found = load_record(folder.path());
  REQUIRE(found);
  REQUIRE(*found);
  CHECK((*found)->source == files);
  CHECK_FALSE(save_record(folder / "absent", {files, true}));
}
