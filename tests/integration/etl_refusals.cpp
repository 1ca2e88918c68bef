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

  const auto* styles =
      "id,productId,name,sale_price,original_price,default_style\n1,1,Forest Green & Black,140,null,1\n";
  said(load(database, folder.write("styles.csv", styles), {"--partial"}), 1, "none of the seven sets");
  CHECK(ask(database, "select count(*) from atelier.product_meta") == "0");

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

TEST_CASE("a report that cannot be written stops a load before it begins", "[etl]") {
  const test_database database;
  const temp_dir folder;
  const auto report = GENERATE(std::string("nowhere/r.json"), std::string("."));  // no such folder; a folder
  const auto done = load(database, small_set().write(folder), {"--report", folder / report});
  CHECK(done.code == 1);
  CHECK(done.errors.find("the report") != std::string::npos);
  CHECK(ask(database, "select count(*) from atelier.reviews") == "0");
  CHECK(ask(database, "select count(*) from atelier.loads") == "0");
}

TEST_CASE("a damaged file is what is said, also where so far too many rows were rejected", "[etl]") {
  small_set set;
  for (int i = 0; i < 20; ++i) set.files["characteristics"] += "x3,1,Fit\n";
  set.files.erase("reviews");
  const temp_dir folder;
  const test_database database;
  set.write(folder);
  const auto text = small_set().files.at("reviews");
  const auto row = text.substr(text.find('\n') + 1, text.find("\n2,") - text.find('\n'));
  std::string packed;
  for (int i = 10; i < 200'000; ++i) packed += std::to_string(i) + row.substr(1);
  const auto plain = folder.write("plain", text + packed).string(),
             cut = (folder / "reviews.csv.gz").string();
  REQUIRE(test::run_program("/bin/sh",
                            {"-c", fmt::format("gzip -1 < {0} > {1}; truncate -s -20 {1}", plain, cut)})
              .code == 0);
  const auto done = load(database, folder.path(), {"--max-rejects", "0.001%"});
  INFO(done.errors);
  CHECK(done.code == 1);
  CHECK(done.errors.find("gzip") != std::string::npos);
}
