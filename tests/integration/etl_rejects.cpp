// Rows that are not loaded: counted, logged, kept to be mended, and too many of them.
#include "etl/next_tables.hpp"
#include "integration/etl_house.hpp"

#include <catch2/catch.hpp>
#include <simdjson.h>
#include <sys/stat.h>

#include <algorithm>
#include <sstream>

using namespace atelier;
using namespace atelier::etl_house;
using namespace std::chrono_literals;
using test::finished;
using test::temp_dir;
using test::test_database;

TEST_CASE("every reason to reject a row is found, logged and counted, and the rows that are good are there",
          "[etl]") {
  small_set set;
  using namespace std::string_literals;
  set.files["reviews"] +=
      "3,,5,1596080481467,\"s\",\"b\",true,false,\"n\",\"a@b\",null,8\n"          // missing_value
      "4x,1,5,1596080481467,\"s\",\"b\",true,false,\"n\",\"a@b\",null,8\n"        // bad_number
      "5,1,5,13/02/2020,\"s\",\"b\",true,false,\"n\",\"a@b\",null,8\n"            // bad_date
      "6,1,5,1596080481467,\"s\",\"b\",maybe,false,\"n\",\"a@b\",null,8\n"        // bad_boolean
      "7,1,6,1596080481467,\"s\",\"b\",true,false,\"n\",\"a@b\",null,8\n"         // out_of_range
      "8,1,5,1596080481467,\"b\",true,false,\"n\",\"a@b\",null,8\n"               // too_few_columns
      "9,1,5,1596080481467,\"s\",\"b\",true,false,\"n\",\"a@b\",null,8,9\n"       // too_many_columns
      "10,1,5,1596080481467,\"s,\"b\",true,false,\"n\",\"a@b\",null,8\n"          // bad_quoting
      "11,1,5,1596080481467,\"caf\xe9\",\"b\",true,false,\"n\",\"a@b\",null,8\n"  // bad_encoding
      "12,1,5,1596080481467,\"s\",\"" +
      std::string(1'100'000, 'x') +
      "\",true,false,\"n\",\"a@b\",null,8\n"                                   // record_too_long
      "1,1,1,1596080481467,\"again\",\"b\",true,false,\"n\",\"a@b\",null,8\n"  // duplicate_id
      "7,1,4,2021-01-17,\"s\",\"b\",true,false,\"n\",\"a@b\",null,8";  // a rejected row does not hold its id;
                                                                       // a repair; no newline
  set.files["characteristic_reviews"] +=
      "4,1,6,4\n5,99,1,4\n";  // its review was rejected; no such characteristic
  const temp_dir folder, rejects;
  const test_database database;
  const auto report = (rejects / "report.json").string();
  const auto done = load(database, set.write(folder),
                         {"--rejects", rejects.path(), "--report", report, "--max-rejects", "100"});
  INFO(done.errors);
  REQUIRE(done.code == 0);

  const auto reviews = of_set(report, "reviews");
  CHECK(reviews.rows_read == 14);
  CHECK(reviews.loaded == 2);
  CHECK(reviews.repaired == 1);
  CHECK(reviews.rejected == 10);
  CHECK(reviews.duplicates == 1);
  for (const auto* reason :
       {"missing_value", "bad_number", "bad_date", "bad_boolean", "out_of_range", "too_few_columns",
        "too_many_columns", "bad_quoting", "bad_encoding", "record_too_long"}) {
    INFO(reason);
    CHECK(reviews.rejects.at(reason) == 1);
  }
  CHECK(of_set(report, "characteristic_reviews").rejects.at("unknown_parent") == 2);
  CHECK(ask(database, "select string_agg(id::text, ',' order by id) from atelier.reviews") == "1,2,7");
  CHECK(ask(database, "select summary from atelier.reviews where id = 1") == "s");
  CHECK(ask(database, "select characteristic_names::text from atelier.product_meta") == "{Fit,NULL}");

  // The log has a line for each, duplicates too; the rows are there to be mended, under their header.
  CHECK(lines_of(rejects / "reviews.rejects.jsonl") == 11);
  const auto rows = test::read_file(rejects / "reviews.rejects.csv");
  CHECK(rows.starts_with("id,product_id,rating,"));
  CHECK(rows.find("\n5,1,5,13/02/2020,\"s\",\"b\",true,false,\"n\",\"a@b\",null,8\n") != std::string::npos);
  CHECK(rows.find("again") == std::string::npos);
  struct stat about {};
  REQUIRE(::stat((rejects / "reviews.rejects.csv").c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);
  simdjson::dom::parser parser;
  std::istringstream log(test::read_file(rejects / "reviews.rejects.jsonl"));
  std::string line;
  const auto source = test::read_file(folder / "reviews.csv");
  while (std::getline(log, line)) {
    const simdjson::dom::element note = parser.parse(line);
    const std::uint64_t offset = note["offset"];
    const std::uint64_t number = note["line"];
    CHECK(static_cast<std::uint64_t>(
              std::count(source.begin(), source.begin() + static_cast<long>(offset), '\n')) +
              1 ==
          number);
    if (note["raw"].error() == simdjson::SUCCESS) {
      const std::string_view raw = note["raw"];
      CHECK(source.substr(offset, raw.size()) == raw);
    }
  }
}

TEST_CASE("too many rejects publish nothing and exit with 3", "[etl]") {
  small_set set;
  const temp_dir folder;
  const test_database database;
  REQUIRE(load(database, set.write(folder)).code == 0);
  set.files["questions"] += "2,1\n3,1\n";
  const auto report = (folder / "report.json").string();
  const auto source = set.write(folder);
  for (const auto* limit : {"1", "10%"}) {
    const auto stopped =
        load(database, source, {"--mode", "replace", "--max-rejects", limit, "--report", report});
    CHECK(stopped.code == 3);
    CHECK(stopped.errors.find("--max-rejects") != std::string::npos);
    CHECK(test::read_file(report).find("\"published\":false") != std::string::npos);
  }
  CHECK(ask(database, "select count(*) from atelier.questions") == "1");
  CHECK(load(database, source, {"--mode", "replace", "--max-rejects", "2"}).code == 0);
  CHECK(run_etl({"check", source}).code == 0);  // no limit unless one is given
  CHECK(run_etl({"check", source, "--max-rejects", "1"}).code == 3);
}

TEST_CASE("the figures of a load that was stopped add up too, in its report and in the table of loads",
          "[etl]") {
  small_set set;
  const std::string mode = GENERATE("replace", "append");
  // Rows that wait for others when the load is stopped: photos for their reviews, a batch for its end.
  for (int i = 2; i < 50; ++i) set.files["reviews_photos"] += fmt::format("{},1,u\n", i);
  set.files["reviews"] += "3,1,5,1596080481467,\"s\",\"b\",true,false,\"n\",\"a@b\",null,8\n4,1,bad\n";
  const temp_dir folder;
  const test_database database;
  const auto report = (folder / "report.json").string();
  const auto stopped =
      load(database, set.write(folder), {"--mode", mode, "--max-rejects", "0", "--report", report});
  INFO(stopped.errors);
  REQUIRE(stopped.code == 3);
  for (const auto* name : {"reviews", "reviews_photos", "characteristics", "characteristic_reviews",
                           "questions", "answers", "answers_photos"}) {
    INFO(mode << ' ' << name);
    const auto f = of_set(report, name);
    CHECK(f.rows_read == f.loaded + f.repaired + f.rejected + f.duplicates);
  }
  CHECK(ask(database,
            "select count(*) || ' ' || count(*) filter (where rows_read <> loaded + repaired + rejected + "
            "duplicates) from atelier.load_files") == "7 0");
}

TEST_CASE("bad rows first and many good ones behind them are not too many", "[etl]") {
  small_set set;
  const temp_dir folder;
  for (int i = 0; i < 600; ++i) set.files["characteristics"] += std::string(3000, 'x') + '\n';
  for (int i = 10; i < 60'000; ++i) set.files["characteristics"] += fmt::format("{},1,A\n", i);
  const auto done = run_etl({"check", set.write(folder), "--max-rejects", "1%"});
  INFO(done.errors);
  CHECK(done.code == 0);
}

TEST_CASE("a load that cannot pass any more is stopped early", "[etl]") {
  small_set set;
  const temp_dir folder;
  for (int i = 10; i < 400'000; ++i) set.files["characteristics"] += fmt::format("{},x,A\n", i);
  const auto report = folder / "report.json";
  const auto done = run_etl({"check", set.write(folder), "--max-rejects", "1%", "--report", report});
  CHECK(done.code == 3);
  CHECK(of_set(report, "characteristics").rows_read < 300'000);
}

TEST_CASE("every file has reject files of its own, however alike the names are", "[etl]") {
  const temp_dir here, there;
  const std::string header = "id,review_id,url\n";
  here.write("reviews_photos.csv", header + "one,1,u\n");
  here.write("reviews_photos-2.csv", header + "two,1,u\n");
  there.write("reviews_photos.csv", header + "three,1,u\n");
  const test_database database;
  const auto rejects = (here / "rejects").string();
  const auto done =
      load(database, here.path(), {there.path(), "--partial", "--max-rejects", "100%", "--rejects", rejects});
  INFO(done.errors);
  REQUIRE(done.code == 0);
  std::string all;
  for (const auto& file : std::filesystem::directory_iterator(rejects))
    if (file.path().string().ends_with(".csv")) all += test::read_file(file.path());
  for (const auto* row : {"one,1,u", "two,1,u", "three,1,u"}) {
    INFO(row);
    CHECK(all.find(row) != std::string::npos);
  }
}

TEST_CASE("a load that is refused leaves the reject files of the last one as they were mended", "[etl]") {
  small_set set;
  const temp_dir folder;
  const test_database database;
  const auto rejects = (folder / "rejected").string();
  const auto questions = set.files["questions"];
  set.files["questions"] += "2,1\n";
  const auto source = set.write(folder);
  REQUIRE(load(database, source, {"--rejects", rejects, "--max-rejects", "1"}).code == 0);
  const auto mended = folder / "rejected" / "questions.rejects.csv";
  folder.write("rejected/questions.rejects.csv", "mended");

  CHECK(load(database, source, {"--rejects", rejects}).code == 2);  // there are data already
  {
    auto other = etl::load_lock::take(database.conninfo());
    REQUIRE(other);
    CHECK(load(database, source, {"--rejects", rejects, "--mode", "append"}).code == 1);
  }
  std::filesystem::remove(folder / "answers.csv");
  CHECK(load(database, source, {"--rejects", rejects, "--mode", "replace"}).code == 1);
  CHECK(run_etl({"load", source, "--db", "host=" + rejects, "--rejects", rejects, "--partial"}).code == 1);
  CHECK(test::read_file(mended) == "mended");

  set.files["questions"] = questions;
  CHECK(load(database, set.write(folder), {"--rejects", rejects, "--mode", "replace"}).code == 0);
  CHECK_FALSE(std::filesystem::exists(mended));  // of a load before this one, which has none
}

TEST_CASE("rejects are not written over a file that is to be loaded", "[etl]") {
  small_set set;
  const temp_dir folder;
  const test_database database;
  const auto rejects = (folder / "rejected").string();
  const auto mended = folder.write("rejected/questions.rejects.csv", set.files["questions"]);
  const auto source = set.write(folder);
  const auto done = load(database, source, {mended.string(), "--mode", "append", "--rejects", rejects});
  INFO(done.errors);
  CHECK(done.code == 2);
  CHECK(done.errors.find("written over it") != std::string::npos);
  CHECK(test::read_file(mended) == set.files["questions"]);
  CHECK(load(database, source, {mended.string(), "--mode", "append", "--rejects", folder / "again"}).code ==
        0);
}

TEST_CASE("a file that is named twice is read once, and says so", "[etl]") {
  small_set set;
  const temp_dir folder;
  const test_database database;
  const auto source = set.write(folder);
  const auto done = load(database, source, {(folder / "questions.csv").string()});
  INFO(done.errors);
  REQUIRE(done.code == 0);
  CHECK(done.errors.find("named twice") != std::string::npos);
  CHECK(ask(database,
            "select sum(loaded + repaired) || ' ' || sum(duplicates) from atelier.load_files where "
            "set_name = 'questions'") == "1 0");
}
