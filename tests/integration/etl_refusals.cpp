// What cannot be done is said in a sentence, and nothing is left behind.
#include "integration/etl_house.hpp"

#include <catch2/catch.hpp>

using namespace atelier;
using namespace atelier::etl_house;
using namespace std::chrono_literals;
using test::finished;
using test::temp_dir;
using test::test_database;

TEST_CASE("what cannot be loaded is said in a sentence", "[etl]") {
  const temp_dir folder;
  const test_database database;
  const auto said = [&](const finished& f, int code, std::string_view what) {
    INFO(f.errors);
    CHECK(f.code == code);
    CHECK(f.errors.find(what) != std::string::npos);
  };
  said(load(database, "ftp://x.org/reviews.csv"), 2, "cannot be read from");
  said(load(database, "s3:///x"), 2, "names no bucket");
  said(load(database, (folder / "nothing").string()), 1, "No such file");
  said(load(database, (folder / "*.csv").string()), 1, "nothing matches");
  said(load(database, folder.path()), 1, "no .csv file");
  said(load(database, folder.write("reviews.csv", "")), 1, "is empty");
  said(load(database, folder.write("reviews.csv", "\x1f\x8b...")), 1, "gzip");
  said(load(database, folder.write("other.csv", "a,b\n1,2\n")), 1, "none of the seven sets");

  small_set set;
  set.files.erase("answers");
  const temp_dir six;
  said(load(database, set.write(six)), 1, "answers; give it, or --partial");
  CHECK(load(database, six.path(), {"--partial", "--max-rejects", "1"}).code == 0);
  CHECK(ask(database, "select count(*) from atelier.answers") == "0");
  CHECK(ask(database, "select count(*) from atelier.reviews") == "2");
  said(load(database, six.path(), {"--partial", "--mode", "replace", "--rejects", "/dev/null/x"}), 1,
       "cannot be written");

  const test_database no_tables(test_database::content::nothing);
  said(load(no_tables, small_set().write(folder)), 1, "atelier schema apply");
}

TEST_CASE("a sample that does not fit leaves nothing behind", "[etl]") {
  const temp_dir folder;
  const auto command = fmt::format("trap '' XFSZ; ulimit -f 2000; exec {} etl sample {} --products 3000",
                                   ATELIER_PROGRAM, folder.path().string());
  const auto failed = test::run_program("/bin/sh", {"-c", command});
  CHECK(failed.code == 1);
  CHECK(failed.errors.find("cannot be written") != std::string::npos);
  CHECK(std::filesystem::is_empty(folder.path()));
}
