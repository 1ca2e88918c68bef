// `atelier etl read`: any CSV file as clean RFC 4180.
#include "integration/etl_house.hpp"

#include <catch2/catch.hpp>

using namespace atelier;
using namespace atelier::etl_house;
using test::temp_dir;

namespace {

std::string read(const std::string& bytes, std::vector<std::string> options = {}) {
  const temp_dir folder;
  options.insert(options.begin(), {"read", folder.write("file.csv", bytes)});
  const auto done = run_etl(options);
  INFO(done.errors);
  CHECK(done.code == 0);
  return done.output;
}

}  // namespace

TEST_CASE("what is given is taken as given", "[etl]") {
  CHECK(read("a||b\n'x||y'||'it''s'\n", {"--delimiter", "||", "--quote", "'"}) == "a,b\nx||y,it's\n");
  CHECK(read("a,b\n\"x\\\"y\",\"2\"\n", {"--escape", "\\"}) == "a,b\n\"x\"\"y\",2\n");
  CHECK(read("a,b\n\"x,2\n", {"--quote", "", "--delimiter", ","}) == "a,b\n\"\"\"x\",2\n");
  CHECK(read("one\ntwo\na\tb\n1\t2\n", {"--skip-lines", "2", "--delimiter", "\\t"}) == "a,b\n1,2\n");
  CHECK(read("sales,,\nnet,gross,\n1,2,3\n", {"--header-lines", "2", "--delimiter", ","}) ==
        "sales net,gross,\n1,2,3\n");
  CHECK(read("1,2\n3,4\n", {"--header-lines", "0"}) == "1,2\n3,4\n");
  CHECK(read("a,b\ncaf\xe9,2\n", {"--encoding", "latin1"}) == "a,b\ncaf\xc3\xa9,2\n");
}

TEST_CASE("short records are padded, long ones and further tables stand as they are", "[etl]") {
  CHECK(read("a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12\n") == "a,b,c\n1,2,3\n4,5,\n6,7,8,9\n10,11,12\n");
  CHECK(read("a,b,c\n1,2,3\n4,5,6\n7,8,9\n\nx,y\n1,2\n") == "a,b,c\n1,2,3\n4,5,6\n7,8,9\nx,y\n1,2\n");
}

TEST_CASE("an unterminated quote costs its own record", "[etl]") {
  CHECK(read("id,text,n\n1,\"open,2\n2,\"good, well\",3\n3,\"fine\",4\n") ==
        "id,text,n\n1,\"\"\"open\",2\n2,\"good, well\",3\n3,fine,4\n");
}

TEST_CASE("usage that makes no sense is refused", "[etl]") {
  const temp_dir folder;
  CHECK(run_etl({"read", folder.write("a.csv", "a\n"), "--encoding", "klingon"}).code == 2);
  CHECK(run_etl({"read", folder.write("a.csv", "a\n"), "--quote", "ab"}).code == 2);
  CHECK(run_etl({"read", (folder / "nothing.csv").string()}).code == 1);
}

TEST_CASE("polluted files of many kinds come out right", "[etl]") {
  const auto done = test::run_program(
      "/usr/bin/env",
      {"python3", std::string(ATELIER_SOURCES) + "/tests/pollution/polluted.py", ATELIER_PROGRAM, "--show"},
      std::chrono::minutes(5));
  WARN(done.output);
  CHECK(done.code == 0);
}
