// `--mode append`: rows added to a database that serves, judged against what it has.
#include "db/session.hpp"
#include "etl/random.hpp"
#include "integration/etl_house.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <csignal>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

using namespace atelier;
using namespace atelier::etl_house;
using namespace std::chrono_literals;
using test::finished;
using test::temp_dir;
using test::test_database;

namespace {

// All that a load leaves in the tables, in one text.
std::string content_of(const test_database& database) {
  std::string all;
  for (const auto* table : {"reviews", "product_meta", "characteristic_reviews", "questions", "answers"}) {
    const std::string order = std::string(table) == "product_meta" ? "product_id" : "id";
    all +=
        ask(database,
            fmt::format("select md5(coalesce(string_agg(t::text, E'\\n' order by {}), '')) from atelier.{} t",
                        order, table)) +
        ' ';
  }
  return all;
}

// The rows of a file in two files, every other row each, under the same header.
void split(const std::filesystem::path& file, const std::filesystem::path& even,
           const std::filesystem::path& odd) {
  std::istringstream lines(test::read_file(file));
  std::ofstream to_even(even), to_odd(odd);
  std::string line;
  std::getline(lines, line);
  to_even << line << '\n';
  to_odd << line << '\n';
  for (int n = 0; std::getline(lines, line); ++n) (n % 2 ? to_odd : to_even) << line << '\n';
}

finished append(const test_database& database, const std::string& source,
                std::vector<std::string> more = {}) {
  more.insert(more.end(), {"--mode", "append"});
  return load(database, source, std::move(more));
}

}  // namespace

TEST_CASE("appended in two halves, the data are as if loaded whole, and appending again adds nothing",
          "[etl]") {
  const temp_dir whole, even, odd;
  make_sample(whole, 400, 3);
  for (const auto* set : {"characteristics", "reviews", "questions", "answers"}) {
    // Text with line ends is not split by lines: whole files for parents, halves for the rest.
    even.write(std::string(set) + ".csv", test::read_file(whole / fmt::format("{}.csv", set)));
  }
  for (const auto* set : {"reviews_photos", "characteristic_reviews", "answers_photos"})
    split(whole / fmt::format("{}.csv", set), even / fmt::format("{}.csv", set),
          odd / fmt::format("{}.csv", set));
  const test_database at_once, by_halves;
  REQUIRE(load(at_once, whole.path()).code == 0);
  for (const auto* part : {&even, &odd, &even, &odd}) {
    const auto done = append(by_halves, part->path());
    INFO(done.errors);
    REQUIRE(done.code == 0);
  }
  CHECK(content_of(by_halves) == content_of(at_once));
  CHECK(wrong_counters(by_halves) == "0");
  for (const auto* pair : {"review_ids reviews", "question_ids questions", "answer_ids answers"}) {
    std::istringstream words(pair);
    std::string sequence, table;
    words >> sequence >> table;
    CHECK(ask(by_halves, fmt::format("select nextval('atelier.{}') = (select max(id) + 1 from atelier.{})",
                                     sequence, table)) == "t");
  }
  const auto report = whole / "report.json";
  REQUIRE(append(by_halves, whole.path(), {"--report", report}).code == 0);
  for (const auto* set : {"reviews", "reviews_photos", "characteristics", "characteristic_reviews",
                          "questions", "answers", "answers_photos"}) {
    INFO(set);
    const auto f = of_set(report, set);
    CHECK(f.loaded + f.repaired == 0);
    CHECK(f.duplicates == f.rows_read);
  }
  CHECK(content_of(by_halves) == content_of(at_once));
}

TEST_CASE("append checks ids and parents against the database, and the first loadable row wins", "[etl]") {
  small_set set;
  const temp_dir first, second;
  const test_database database;
  REQUIRE(load(database, set.write(first)).code == 0);
  second.write("answers.csv",
               "id,question_id,body,date_written,answerer_name,answerer_email,reported,helpful\n"
               "1,1,again,1596080481467,n,a@b,false,3\n"    // is there
               "2,77,orphan,1596080481467,n,a@b,false,3\n"  // no such question: does not hold its id
               "2,1,two,1596080481467,n,a@b,false,3\n"
               "2,1,echo,1596080481467,n,a@b,false,3\n");
  second.write("reviews_photos.csv",
               "id,review_id,url\n1,2,https://x.org/taken\n5,1,https://x.org/5\n6,99,https://x.org/6\n");
  second.write("characteristic_reviews.csv",
               "id,characteristic_id,review_id,value\n3,1,1,1\n4,1,99,1\n5,99,1,1\n6,2,2,2\n");
  const auto report = second / "report.json", rejects = second / "rejects";
  const auto done =
      append(database, second.path(), {"--report", report, "--rejects", rejects, "--max-rejects", "9"});
  INFO(done.errors);
  REQUIRE(done.code == 0);
  const auto answers = of_set(report, "answers");
  CHECK(answers.loaded == 1);
  CHECK(answers.duplicates == 2);
  CHECK(answers.rejects.at("unknown_parent") == 1);
  CHECK(ask(database, "select string_agg(body, ',' order by id) from atelier.answers") == "b,two");
  CHECK(of_set(report, "reviews_photos").duplicates == 1);
  CHECK(of_set(report, "reviews_photos").rejected == 1);
  CHECK(ask(database, "select photo_ids::text from atelier.reviews where id = 1") == "{1,5}");
  CHECK(of_set(report, "characteristic_reviews").loaded == 1);
  CHECK(of_set(report, "characteristic_reviews").rejected == 2);
  CHECK(wrong_counters(database) == "0");
  CHECK(lines_of(rejects / "answers.rejects.jsonl") == 3);
  // The log names the value that is to blame.
  const auto values = test::read_file(rejects / "characteristic_reviews.rejects.jsonl");
  CHECK(values.find(R"("column":"review_id","reason":"unknown_parent","value":"99")") != std::string::npos);
  CHECK(values.find(R"("column":"characteristic_id","reason":"unknown_parent","value":"99")") !=
        std::string::npos);

  // The table of loads has both, with the sums.
  CHECK(ask(database, "select string_agg(mode || ' ' || outcome, ', ' order by id) from atelier.loads") ==
        "replace published, append published");
  CHECK(ask(database,
            "select rows_read || ' ' || loaded || ' ' || rejected || ' ' || duplicates || ' ' || (sha256 ~ "
            "'^[0-9a-f]{64}$') || ' ' || "
            "(bytes > 0) || ' ' || rejects::text || ' ' || (done_bytes > 0) from atelier.load_files where "
            "load_id = 2 and set_name = 'answers'") == "4 1 1 2 true true {\"unknown_parent\": 1} true");
}

TEST_CASE("a row that is refused for want of a parent does not move the sequence of its ids", "[etl]") {
  small_set set;
  const temp_dir first, second;
  const test_database database;
  REQUIRE(load(database, set.write(first)).code == 0);
  const std::string huge = std::to_string(INT64_MAX - 1);
  second.write("answers.csv",
               "id,question_id,body,date_written,answerer_name,answerer_email,reported,helpful\n" + huge +
                   ",77,orphan,1596080481467,n,a@b,false,3\n7,1,seven,1596080481467,n,a@b,false,3\n");
  second.write("reviews_photos.csv", "id,review_id,url\n" + huge + ",99,orphan\n7,1,seven\n");
  second.write("characteristic_reviews.csv",
               "id,characteristic_id,review_id,value\n" + huge + ",1,99,4\n7,2,2,4\n");
  const auto done = append(database, second.path(), {"--max-rejects", "3"});
  INFO(done.errors);
  REQUIRE(done.code == 0);
  for (const auto* sequence : {"answer_ids", "review_photo_ids", "characteristic_review_ids"}) {
    INFO(sequence);
    CHECK(ask(database, fmt::format("select nextval('atelier.{}')", sequence)) == "8");
  }
  CHECK(ask(database, "select string_agg(id::text, ' ' order by id) from atelier.answers") == "1 7");
}

TEST_CASE("on conflict, update writes the row anew and keeps the counters right", "[etl]") {
  small_set set;
  const temp_dir first, second;
  const test_database database;
  REQUIRE(load(database, set.write(first)).code == 0);
  second.write("reviews.csv",
               "id,product_id,rating,date,summary,body,recommend,reported,reviewer_name,reviewer_email,"
               "response,helpfulness\n"
               "1,7,1,1596080481467,new,b,false,false,n,a@b,null,9\n1,7,2,1596080481467,echo,b,false,false,n,"
               "a@b,null,9\n");
  second.write("characteristics.csv", "id,product_id,name\n1,1,\"Width\"\n2,5,\"Size\"\n9,1,\"Length\"\n");
  second.write("characteristic_reviews.csv", "id,characteristic_id,review_id,value\n1,1,1,1\n");
  second.write("questions.csv",
               "id,product_id,body,date_written,asker_name,asker_email,reported,helpful\n1,6,moved,"
               "1596080481467,n,a@b,false,3\n");
  second.write("answers.csv",
               "id,question_id,body,date_written,answerer_name,answerer_email,reported,helpful\n1,1,changed,"
               "1596080481467,n,a@b,false,3\n");
  second.write("reviews_photos.csv", "id,review_id,url\n1,1,https://x.org/new\n");
  const auto report = second / "report.json";
  for (int times = 0; times < 2; ++times) {
    const auto done = append(database, second.path(), {"--on-conflict", "update", "--report", report});
    INFO(done.errors);
    REQUIRE(done.code == 0);
    CHECK(of_set(report, "reviews").loaded == 1);
    CHECK(of_set(report, "reviews").duplicates == 1);
    CHECK(ask(database,
              "select product_id || summary || helpfulness || photo_urls[1] from atelier.reviews where id = "
              "1") == "7new9https://x.org/new");
    CHECK(ask(database, "select product_id || body from atelier.questions") == "6moved");
    CHECK(ask(database, "select product_id || body from atelier.answers") == "6changed");
    CHECK(ask(database,
              "select string_agg(product_id || characteristic_ids::text || characteristic_names::text, ' ' "
              "order by product_id) from "
              "atelier.product_meta where cardinality(characteristic_ids) > 0") ==
          "1{1,9}{Width,Length} 5{2}{Size}");
    CHECK(wrong_counters(database) == "0");
    CHECK(ask(database, "select count(*) from atelier.characteristic_reviews") == "3");
  }
}

TEST_CASE("an update writes what differs and nothing else", "[etl]") {
  const temp_dir folder;
  make_sample(folder, 100);
  const test_database database;
  REQUIRE(load(database, folder.path()).code == 0);
  const auto versions = [&] {
    std::string all;
    for (const auto* table : {"reviews", "product_meta", "characteristic_reviews", "questions", "answers"})
      all += ask(database, fmt::format("select md5(string_agg(ctid::text || xmin, ' ' order by ctid)) from "
                                       "atelier.{}",
                                       table));
    return all;
  };
  auto listener = db::session::open(database.conninfo(), "listener");
  REQUIRE(listener);
  REQUIRE(listener->run("listen atelier_cache"));
  const auto before = versions();
  const auto report = folder / "report.json";
  const auto same = append(database, folder.path(), {"--on-conflict", "update", "--report", report});
  INFO(same.errors);
  REQUIRE(same.code == 0);
  for (const auto* set : {"reviews", "reviews_photos", "characteristics", "characteristic_reviews",
                          "questions", "answers", "answers_photos"}) {
    INFO(set);
    CHECK(of_set(report, set).loaded == of_set(report, set).rows_read);
  }
  CHECK(versions() == before);
  REQUIRE(listener->run("select 1"));
  CHECK(PQnotifies(listener->handle()) == nullptr);

  // Each column that differs is one that is written.
  const auto content = content_of(database);
  for (const auto* change : {
           "atelier.reviews set helpfulness = helpfulness + 1",
           "atelier.reviews set response = coalesce(response, '') || 'x'",
           "atelier.reviews set reviewer_email = null",
           "atelier.reviews set date = date + interval '1 ms'",
           "atelier.reviews set photo_urls[2] = 'x'",
           "atelier.product_meta set characteristic_names[1] = 'x'",
           "atelier.product_meta set characteristic_names[1] = null",
           "atelier.characteristic_reviews set value = 6 - value",
           "atelier.questions set body = body || 'x'",
           "atelier.answers set answerer_name = 'x'",
           "atelier.answers set question_id = question_id + 1",
           "atelier.answers set photo_urls[1] = 'x'",
       }) {
    INFO(change);
    const auto sql = std::string(change);
    const auto where = sql.find("photo_urls[2]") != sql.npos   ? "cardinality(photo_ids) > 1"
                       : sql.find("photo_urls[1]") != sql.npos ? "cardinality(photo_ids) > 0"
                       : sql.find("value = 6") != sql.npos     ? "value <> 3"
                                                               : "product_id > 0";
    const auto space = sql.find(' ');
    ask(database, fmt::format("update {0} a{1} where a.ctid = (select max(ctid) from {0} where {2})",
                              sql.substr(0, space), sql.substr(space), where));
    const auto done = append(database, folder.path(), {"--on-conflict", "update"});
    INFO(done.errors);
    CHECK(done.code == 0);
    CHECK(content_of(database) == content);
  }
}

TEST_CASE("rows that customers write while a load appends are counted and kept", "[etl]") {
  const temp_dir first, second;
  make_sample(first, 60, 1);
  make_sample(second, 1500, 2);
  const test_database database;
  REQUIRE(load(database, first.path()).code == 0);
  std::atomic<bool> over = false;
  std::atomic<int> written = 0, failed = 0;
  std::thread customer([&] {
    auto session = db::session::open(database.conninfo(), "customer");
    while (session && !over) {
      // As the API writes: the row and its counters in one statement.
      const auto done = session->run(fmt::format(
          "with fresh as (insert into atelier.reviews (product_id, date, rating, recommend, summary, body, "
          "reviewer_name)"
          " values ({0}, now(), 5, true, '', 'b', 'customer') returning id)"
          " insert into atelier.product_meta as m (product_id, rating_5, recommend_true) values ({0}, 1, 1)"
          " on conflict (product_id) do update set rating_5 = m.rating_5 + 1, recommend_true = "
          "m.recommend_true + 1",
          1 + written % 50));
      ++(done ? written : failed);
    }
  });
  const auto done = append(database, second.path());
  over = true;
  customer.join();
  INFO(done.errors);
  CHECK(done.code == 0);
  CHECK(failed == 0);
  CHECK(written > 0);
  CHECK(ask(database, "select count(*) from atelier.reviews where reviewer_name = 'customer'") ==
        std::to_string(written));
  CHECK(ask(database,
            "select count(*) from (select id from atelier.reviews group by id having count(*) > 1) d") ==
        "0");
  CHECK(wrong_counters(database) == "0");
}

TEST_CASE("killed at twenty random moments, an append leaves whole batches, and the next ends right",
          "[etl]") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  etl::random_stream random(seed, 1);
  const temp_dir whole;
  make_sample(whole, 200, 5);
  const test_database at_once;
  const auto begun = std::chrono::steady_clock::now();
  REQUIRE(append(at_once, whole.path()).code == 0);
  const auto all =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
  const auto content = content_of(at_once);
  for (int times = 0; times < 20; ++times) {
    const test_database killed;
    const std::chrono::milliseconds moment(random.below(static_cast<std::uint32_t>(all.count())));
    CAPTURE(times, moment.count());
    test::child_process child(ATELIER_PROGRAM,
                              {"etl", "load", whole.path(), "--db", killed.conninfo(), "--mode", "append"});
    std::this_thread::sleep_for(moment);
    child.signal(SIGKILL);
    child.wait();
    CHECK(wrong_counters(killed) == "0");
    // The session of a killed program may hold its lock a moment longer.
    test::finished done;
    REQUIRE(test::wait_until(20s, [&] {
      done = append(killed, whole.path());
      return done.code == 0 || done.errors.find("another load") == std::string::npos;
    }));
    INFO(done.errors);
    REQUIRE(done.code == 0);
    CHECK(content_of(killed) == content);
    CHECK(wrong_counters(killed) == "0");
    CHECK(ask(killed,
              "select count(*) from atelier.load_files where rows_read <> loaded + repaired + rejected + "
              "duplicates") == "0");
  }
}

TEST_CASE("rows of a batch that could not be committed count as not read", "[etl]") {
  small_set set;
  const temp_dir folder;
  const test_database database;
  ask(database,
      "create function public.no() returns trigger language plpgsql as 'begin raise ''no''; end';"
      " create constraint trigger no after insert on atelier.questions deferrable initially deferred"
      " for each row execute function public.no()");
  set.files["questions"] += "2,1,too few\n";
  const auto report = (folder / "report.json").string();
  const auto done = append(database, set.write(folder), {"--max-rejects", "1", "--report", report});
  INFO(done.errors);
  REQUIRE(done.code == 1);
  CHECK(of_set(report, "reviews").loaded == 2);
  CHECK(of_set(report, "questions").rows_read == 1);  // the one that was rejected
  CHECK(of_set(report, "questions").loaded == 0);
  CHECK(ask(database,
            "select loaded || ' ' || rejected from atelier.load_files where set_name = 'questions'") ==
        "0 1");
  CHECK(ask(database, "select count(*) from atelier.questions") == "0");
}

TEST_CASE("what a load that was killed left behind is removed by the next, whatever its mode", "[etl]") {
  small_set set;
  const temp_dir folder;
  const test_database database;
  for (const auto* schema : {"atelier_next", "atelier_old"})
    ask(database, fmt::format("create schema {0}; create table {0}.reviews (id bigint)", schema));
  const auto done = append(database, set.write(folder));
  INFO(done.errors);
  CHECK(done.code == 0);
  CHECK(ask(database, "select count(*) from pg_namespace where nspname in ('atelier_next', 'atelier_old')") ==
        "0");
}
