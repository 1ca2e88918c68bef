#include "core/options.hpp"

#include "support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace atelier;

namespace {

const std::vector<std::string> role{"etl", "load"};
const std::vector<std::string> known{"db", "jobs", "worker", "partial"};

environment holding(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

using words = std::vector<std::string>;

}  // namespace

TEST_CASE("a variable is named after the role and the option") {
  CHECK(variable_name({"etl", "load"}, "max-rejects") == "ATELIER_ETL_LOAD_MAX_REJECTS");
  CHECK(variable_name({}, "db") == "ATELIER_DB");
}

TEST_CASE("the command line wins over the environment, and the environment over the file") {
  const settings file{{"db", {"file"}}, {"jobs", {"1"}}, {"partial", {"true"}}};
  const auto variables = holding({{"ATELIER_ETL_LOAD_DB", "variable"}, {"ATELIER_JOBS", "2"}});
  CHECK(complete_arguments(role, {"--db", "line"}, known, {}, variables, file) ==
        words{"--jobs=2", "--partial=true", "--db", "line"});
  CHECK(complete_arguments(role, {"--db=line"}, known, {}, variables, file) ==
        words{"--jobs=2", "--partial=true", "--db=line"});
  CHECK(complete_arguments(role, {}, known, {}, variables, file) ==
        words{"--db=variable", "--jobs=2", "--partial=true"});
}

TEST_CASE("the variable with the role in its name wins over the one without") {
  const auto variables = holding({{"ATELIER_ETL_LOAD_DB", "mine"}, {"ATELIER_DB", "anyone's"}});
  CHECK(complete_arguments(role, {}, known, {}, variables, {}) == words{"--db=mine"});
}

TEST_CASE("a list in a variable is separated by blanks, in a file it is a list") {
  CHECK(complete_arguments(role, {}, known, {"worker"}, holding({{"ATELIER_WORKER", "a:1 b:2,weight=3"}}),
                           {}) == words{"--worker=a:1", "--worker=b:2,weight=3"});
  CHECK(complete_arguments(role, {}, known, {"worker"}, holding({}), {{"worker", {"a:1", "b:2"}}}) ==
        words{"--worker=a:1", "--worker=b:2"});
}

TEST_CASE("a variable that looks like one of the role's options and is none is found") {
  const words names{"HOME", "ATELIER_ETL_LOAD_JBOS", "ATELIER_ETL_LOAD_JOBS", "ATELIER_ETL_CHECK_JBOS",
                    "ATELIER_JBOS"};
  CHECK(unknown_variables(names, role, known) == words{"ATELIER_ETL_LOAD_JBOS"});
}

TEST_CASE("an option whose name begins like another is not that other") {
  CHECK(complete_arguments(role, {"--db-connections", "3"}, known, {}, holding({{"ATELIER_DB", "x"}}), {}) ==
        words{"--db=x", "--db-connections", "3"});
}

namespace {

result<settings> read(const std::string& toml) {
  const atelier::test::temp_dir folder;
  const auto file = folder.path() / "atelier.toml";
  std::ofstream(file) << toml;
  return read_settings(file, role, known, {"db", "jobs", "seed"}, {"api", "etl", "lb"},
                       {"load", "check", "sample"});
}

}  // namespace

TEST_CASE("a file has a section a role, and a command's own section wins over its role's") {
  const auto found = read(
      "[api]\nlisten = 'x'\n[etl]\ndb = 'both'\nseed = 4\n[etl.load]\ndb = 'mine'\njobs = 3\npartial = "
      "true\n");
  REQUIRE(found);
  CHECK(*found == settings{{"db", {"mine"}}, {"jobs", {"3"}}, {"partial", {"true"}}});
}

TEST_CASE("what a file says wrongly is an error that names it") {
  const auto message = [](const std::string& toml) {
    const auto found = read(toml);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == exit_code::wrong_usage);
    return found.error().what;
  };
  CHECK_THAT(message("[etl.load]\njbos = 3\n"), Catch::Contains("unknown key 'jbos'"));
  CHECK_THAT(message("[elt]\ndb = 'x'\n"), Catch::Contains("unknown section [elt]"));
  CHECK_THAT(message("[etl.laod]\ndb = 'x'\n"), Catch::Contains("unknown section [etl.laod]"));
  CHECK_THAT(message("db = 'x'\n"), Catch::Contains("outside a section"));
  CHECK_THAT(message("[etl\n"), Catch::Contains("atelier.toml"));
  CHECK_THAT(message("[etl.load]\ndb = 1979-05-27\n"), Catch::Contains("write text, a number"));
}
