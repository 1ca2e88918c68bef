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

TEST_CASE("a text of megabytes comes out whole, and a record that is left out is said", "[etl]") {
  const auto file = [](std::size_t bytes) {
    return "id,text,n\n1,a,2\n2," + std::string(bytes, 'x') + ",3\n3,b,4\n";
  };
  CHECK((read(file(3 << 20)) == file(3 << 20)));  // not to be printed
  const temp_dir folder;
  const auto done =
      run_etl({"read", folder.write("file.csv", "sales\n" + file(17 << 20)), "--skip-lines", "1"});
  CHECK(done.code == 1);
  CHECK((done.output == "id,text,n\n1,a,2\n3,b,4\n"));
  CHECK(done.errors.find("line=4 offset=22") != std::string::npos);
  CHECK(done.errors.find("1 records of more than 16 MB are not in what was printed") != std::string::npos);
}

TEST_CASE("what comes out is UTF-8, whatever the file is, and what was none is counted", "[etl]") {
  const temp_dir folder;
  const auto done = run_etl({"read", folder.write("a.csv", "a,b\n1,caf\xc3\xa9\n2,caf\xe9\n3,\xff\xfe\n")});
  CHECK(done.code == 0);
  CHECK(done.output == "a,b\n1,caf\xc3\xa9\n2,caf\xef\xbf\xbd\n3,\xef\xbf\xbd\xef\xbf\xbd\n");
  CHECK(done.errors.find("times=3") != std::string::npos);
  using namespace std::string_literals;
  // The first half of a pair, without the second.
  CHECK(read("\xff\xfe"
             "a\0,\0b\0\n\0"
             "1\0,\0\x3d\xd8\n\0"s) == "a,b\n1,\xef\xbf\xbd\n");
  CHECK(read("\xfe\xff\0a\0,\0b\0\n\0"
             "1\0,\0\xe9\0\n"s,
             {"--encoding", "utf-16"}) == "a,b\n1,\xc3\xa9\n");
}

TEST_CASE("short records are padded, long ones and further tables stand as they are", "[etl]") {
  CHECK(read("a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12\n") == "a,b,c\n1,2,3\n4,5,\n6,7,8,9\n10,11,12\n");
  CHECK(read("a,b\n1,2\nx,y,z\n1,2,3\n4,5,6\n7,8,9\n") == "a,b\n1,2\nx,y,z\n1,2,3\n4,5,6\n7,8,9\n");
  CHECK(read("a,b\n1,2\n\nx,y,z\n1,2,3\n4,5,6\n7,8,9\n") == "a,b\n1,2\nx,y,z\n1,2,3\n4,5,6\n7,8,9\n");
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
