// `atelier etl load`, `check` and `sample` as an operator meets them: the program, real files, a real
// PostgreSQL.
#include "db/session.hpp"
#include "etl/next_tables.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

#include <catch2/catch.hpp>
#include <simdjson.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <map>
#include <sstream>
#include <thread>

using namespace atelier;
using namespace std::chrono_literals;
using test::finished;
using test::temp_dir;
using test::test_database;

namespace {

finished run_etl(std::vector<std::string> words) {
  words.insert(words.begin(), "etl");
  return test::run_program(ATELIER_PROGRAM, words, 120s);
}

finished load(const test_database& database, const std::string& source, std::vector<std::string> more = {}) {
  std::vector<std::string> words{"load", source, "--db", database.conninfo()};
  words.insert(words.end(), more.begin(), more.end());
  return run_etl(words);
}

void make_sample(const temp_dir& folder, int products, int seed = 1) {
  const auto made = run_etl(
      {"sample", folder.path(), "--products", std::to_string(products), "--seed", std::to_string(seed)});
  INFO(made.errors);
  REQUIRE(made.code == 0);
}

// One value of the database as text.
std::string ask(const test_database& database, const std::string& sql) {
  auto session = db::session::open(database.conninfo(), "test");
  REQUIRE(session);
  const auto rows = session->run(sql);
  INFO(sql);
  REQUIRE(rows);
  return rows->size() == 0 ? "" : std::string(rows->text(0, 0));
}

std::size_t lines_of(const std::filesystem::path& file) {
  const auto text = test::read_file(file);
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// Seven small files, each with its header; a test adds rows.
class small_set {
 public:
  std::map<std::string, std::string> files{
      {"characteristics", "id,product_id,name\n1,1,\"Fit\"\n2,1,null\n"},
      {"reviews_photos", "id,review_id,url\n1,1,\"https://x.org/1\"\n"},
      {"reviews",
       "id,product_id,rating,date,summary,body,recommend,reported,reviewer_name,reviewer_email,response,"
       "helpfulness\n"
       "1,1,5,1596080481467,\"s\",\"b\",true,false,\"n\",\"a@b\",null,8\n2,1,3,1596080481467,\"s\",\"b\","
       "false,false,\"n\",\"a@b\",null,8\n"},
      {"characteristic_reviews", "id,characteristic_id,review_id,value\n1,1,1,4\n2,2,1,5\n3,1,2,3\n"},
      {"questions",
       "id,product_id,body,date_written,asker_name,asker_email,reported,helpful\n1,1,\"b\",1596080481467,"
       "\"n\",\"a@b\",false,3\n"},
      {"answers_photos", "id,answer_id,url\n1,1,\"https://x.org/1\"\n"},
      {"answers",
       "id,question_id,body,date_written,answerer_name,answerer_email,reported,helpful\n1,1,\"b\","
       "1596080481467,\"Seller\",\"Seller\",false,3\n"},
  };

  std::string write(const temp_dir& folder) const {
    for (const auto& [name, text] : files) folder.write(name + ".csv", text);
    return folder.path();
  }
};

struct figures {
  std::int64_t rows_read, loaded, repaired, rejected, duplicates;
  std::map<std::string, std::int64_t> rejects;
};

// The figures of one set in a report.
figures of_set(const std::filesystem::path& report, std::string_view set) {
  simdjson::dom::parser parser;
  const simdjson::padded_string text(test::read_file(report));
  const simdjson::dom::element root = parser.parse(text);
  for (const auto file : root["files"].get_array()) {
    if (std::string_view(file["set"]) != set) continue;
    figures all{file["rows_read"], file["loaded"],     file["repaired"],
                file["rejected"],  file["duplicates"], {}};
    for (const auto [key, value] : file["rejects"].get_object()) all.rejects[std::string(key)] = value;
    return all;
  }
  throw std::runtime_error("no such set in the report");
}

}  // namespace

TEST_CASE("a sample is loaded as it is: rows, indexes, sequences, and nothing left over", "[etl]") {
  const temp_dir folder;
  make_sample(folder, 200);
  const test_database database;
  const auto report = (folder / "report.json").string();
  const auto done = load(database, folder.path(), {"--report", report});
  INFO(done.errors);
  REQUIRE(done.code == 0);
  CHECK(done.output.find("total") != std::string::npos);

  for (const auto* table : {"questions", "answers", "characteristic_reviews", "reviews"}) {
    const auto figures = of_set(report, table);
    CHECK(figures.rows_read == figures.loaded);
    CHECK(ask(database, fmt::format("select count(*) from atelier.{}", table)) ==
          std::to_string(figures.loaded));
  }
  CHECK(ask(database, "select sum(cardinality(photo_ids)) from atelier.reviews") ==
        std::to_string(lines_of(folder / "reviews_photos.csv") - 1));
  CHECK(ask(database, "select sum(cardinality(photo_ids)) from atelier.answers") ==
        std::to_string(lines_of(folder / "answers_photos.csv") - 1));
  CHECK(ask(database, "select count(*) from atelier.product_meta") == "200");
  CHECK(ask(database,
            "select bool_and(exists (select from pg_indexes where schemaname = 'atelier' and indexname = "
            "name)) from unnest(array["
            "'reviews_pkey', 'reviews_id', 'questions_id', 'answers_id', 'answers_pkey', "
            "'characteristic_reviews_id']) as name") == "t");
  CHECK(ask(database, "select reloptions from pg_class where oid = 'atelier.reviews'::regclass") ==
        "{fillfactor=90}");
  for (const auto* pair : {"review_ids reviews", "question_ids questions", "answer_ids answers",
                           "characteristic_review_ids characteristic_reviews"}) {
    std::istringstream words(pair);
    std::string sequence, table;
    words >> sequence >> table;
    CHECK(ask(database, fmt::format("select nextval('atelier.{}') = (select max(id) + 1 from atelier.{})",
                                    sequence, table)) == "t");
  }
  CHECK(ask(database, "select count(*) from pg_namespace where nspname in ('atelier_next', 'atelier_old')") ==
        "0");

  // meta's counters against the rows themselves.
  CHECK(ask(database,
            "select count(*) from (select product_id, count(*) filter (where rating = 4) n, count(*) filter "
            "(where recommend) r"
            " from atelier.reviews group by 1) a join atelier.product_meta m using (product_id)"
            " where n <> m.rating_4 or r <> m.recommend_true") == "0");
  CHECK(ask(database,
            "select count(*) from (select characteristic_id c, sum(value) s, count(*) n from "
            "atelier.characteristic_reviews group by 1) a"
            " full join (select unnest(characteristic_ids) c, unnest(characteristic_sums) s, "
            "unnest(characteristic_counts) n"
            " from atelier.product_meta) m using (c) where coalesce(a.s, 0) <> m.s or coalesce(a.n, 0) <> "
            "m.n") == "0");
}

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

TEST_CASE("photos find their rows in any order, and the first loadable row of an id wins", "[etl]") {
  small_set set;
  set.files["reviews_photos"] =
      "id,review_id,url\n"
      "9,2,\"https://x.org/9\"\n"
      "8,1,\"https://x.org/8\"\n"
      "5,77,\"https://x.org/orphan\"\n"  // no such review: does not hold its id
      "5,1,\"https://x.org/5\"\n"
      "8,2,\"https://x.org/late\"\n"  // duplicate of the 8 above
      "8,1,\"https://x.org/echo\"\n"  // and so is this
      "7,2,\"https://x.org/say \"\"7\"\"\"\n";
  const temp_dir folder;
  const test_database database;
  const auto report = (folder / "report.json").string();
  const auto done = load(database, set.write(folder), {"--report", report, "--max-rejects", "9"});
  INFO(done.errors);
  REQUIRE(done.code == 0);
  CHECK(ask(database, "select photo_ids::text || photo_urls::text from atelier.reviews where id = 1") ==
        "{5,8}{https://x.org/5,https://x.org/8}");
  CHECK(ask(database, "select photo_ids::text from atelier.reviews where id = 2") == "{7,9}");
  CHECK(ask(database, "select photo_urls[1] from atelier.reviews where id = 2") == "https://x.org/say \"7\"");
  const auto photos = of_set(report, "reviews_photos");
  CHECK(photos.loaded == 4);
  CHECK(photos.duplicates == 2);
  CHECK(photos.rejects.at("unknown_parent") == 1);
  CHECK(ask(database, "select last_value from atelier.review_photo_ids") == "9");
}

TEST_CASE("parts, other orders and headers in other words are one set", "[etl]") {
  small_set set;
  set.files["questions_2"] =
      "\xef\xbb\xbf Helpful,productId,Body,ID,Date_Written,ASKER NAME\r\n4,9,it's,3,2021-01-17,n\r\n";
  set.files["questions_10"] = "4,9,\"no header\",1596080481467,\"n\",\"a@b\",false,3\n";
  const temp_dir folder;
  const test_database database;
  const auto done = load(database, set.write(folder));
  INFO(done.errors);
  REQUIRE(done.code == 0);
  CHECK(ask(database, "select string_agg(id || body, ',' order by id) from atelier.questions") ==
        "1b,3it's,4no header");
}

TEST_CASE("a second load asks for its mode, replaces, and no reader ever sees a half", "[etl]") {
  const temp_dir first, second;
  make_sample(first, 100, 1);
  make_sample(second, 130, 2);
  const test_database database;
  REQUIRE(load(database, first.path()).code == 0);

  const auto refused = load(database, second.path());
  CHECK(refused.code == 2);
  CHECK(refused.errors.find("--mode replace") != std::string::npos);

  constexpr auto counts =
      "select (select count(*) from atelier.reviews) || ' ' || (select count(*) from atelier.answers) || ' ' "
      "||"
      " (select sum(rating_5 + rating_4 + rating_3 + rating_2 + rating_1) from atelier.product_meta)";
  const auto before = ask(database, counts);
  ask(database,
      "insert into atelier.idempotency_keys (key, path, request_hash) values ('k', '/reviews', '') returning "
      "key");
  std::atomic<bool> over = false;
  std::map<std::string, int> seen;
  std::thread reader([&] {
    auto session = db::session::open(database.conninfo(), "reader");
    if (!session || !session->run(fmt::format("prepare counts as {}", counts))) return;
    while (!over) {
      const auto rows = session->run("execute counts");
      ++seen[rows ? std::string(rows->text(0, 0)) : rows.error().what];
    }
  });
  const auto done = load(database, second.path(), {"--mode", "replace"});
  const auto after = ask(database, counts);
  std::this_thread::sleep_for(50ms);
  over = true;
  reader.join();
  INFO(done.errors);
  CHECK(done.code == 0);
  CHECK(before != after);
  CHECK(seen.size() == 2);
  CHECK(seen[before] > 0);
  CHECK(seen[after] > 0);
  CHECK(ask(database, "select count(*) from atelier.idempotency_keys") == "0");
}

TEST_CASE("killed at any moment, a load has changed all or nothing, and the next ends right", "[etl]") {
  const temp_dir first, second;
  make_sample(first, 50, 1);
  make_sample(second, 1500, 2);
  const test_database database;
  REQUIRE(load(database, first.path()).code == 0);
  const auto before = ask(database, "select count(*) from atelier.reviews");
  std::vector<std::string> seen;  // what served after each death
  for (const auto delay : {20ms, 120ms, 300ms}) {
    test::child_process child(
        ATELIER_PROGRAM, {"etl", "load", second.path(), "--db", database.conninfo(), "--mode", "replace"});
    std::this_thread::sleep_for(delay);
    child.signal(SIGKILL);
    child.wait();
    seen.push_back(ask(database, "select count(*) from atelier.reviews"));
  }
  const auto done = load(database, second.path(), {"--mode", "replace"});
  INFO(done.errors);
  REQUIRE(done.code == 0);
  const auto whole = ask(database, "select count(*) from atelier.reviews");
  CHECK(whole != before);
  for (const auto& served : seen)
    CHECK((served == before || served == whole));  // the last may have switched already
  CHECK(ask(database, "select count(*) from atelier.characteristic_reviews") ==
        std::to_string(lines_of(second / "characteristic_reviews.csv") - 1));
  CHECK(ask(database, "select count(*) from pg_namespace where nspname in ('atelier_next', 'atelier_old')") ==
        "0");
}

TEST_CASE("one load at a time, and the second says who runs", "[etl]") {
  small_set set;
  const temp_dir folder;
  const test_database database;
  auto other = etl::load_lock::take(database.conninfo());
  REQUIRE(other);
  const auto refused = load(database, set.write(folder));
  CHECK(refused.code == 1);
  CHECK(refused.errors.find("another load") != std::string::npos);
  CHECK(refused.errors.find("process") != std::string::npos);
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

TEST_CASE("check counts as load does", "[etl]") {
  const temp_dir folder;
  REQUIRE(run_etl({"sample", folder.path(), "--products", "300", "--unreliable", "2%"}).code == 0);
  const test_database database;
  REQUIRE(load(database, folder.path(), {"--report", folder / "load.json"}).code == 0);
  REQUIRE(run_etl({"check", folder.path(), "--report", folder / "check.json", "--jobs", "1"}).code == 0);
  for (const auto* set : {"reviews", "reviews_photos", "characteristics", "characteristic_reviews",
                          "questions", "answers", "answers_photos"}) {
    const auto a = of_set(folder / "load.json", set), b = of_set(folder / "check.json", set);
    INFO(set);
    CHECK(a.rows_read == b.rows_read);
    CHECK(a.loaded == b.loaded);
    CHECK(a.repaired == b.repaired);
    CHECK(a.duplicates == b.duplicates);
    CHECK(a.rejects == b.rejects);
    CHECK(a.rows_read == a.loaded + a.repaired + a.rejected + a.duplicates);
  }
}

TEST_CASE("what cannot be loaded is said in a sentence", "[etl]") {
  const temp_dir folder;
  const test_database database;
  const auto said = [&](const finished& f, int code, std::string_view what) {
    INFO(f.errors);
    CHECK(f.code == code);
    CHECK(f.errors.find(what) != std::string::npos);
  };
  said(load(database, "https://x.org/reviews.csv"), 2, "cannot be read from");
  said(load(database, "s3://bucket/x"), 2, "cannot be read from");
  said(load(database, (folder / "nothing").string()), 1, "No such file");
  said(load(database, (folder / "*.csv").string()), 1, "nothing matches");
  said(load(database, folder.path()), 1, "no .csv file");
  said(load(database, folder.write("reviews.csv", "")), 1, "is empty");
  said(load(database, folder.write("reviews.csv", "\x1f\x8b...")), 2, "gzip");
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
