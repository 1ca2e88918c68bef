#include "integration/etl_house.hpp"

#include "db/session.hpp"

#include <catch2/catch.hpp>
#include <simdjson.h>

#include <algorithm>

namespace atelier::etl_house {

using namespace std::chrono_literals;

test::finished run_etl(std::vector<std::string> words, const std::vector<std::string>& environment) {
  words.insert(words.begin(), "etl");
  return test::run_program(ATELIER_PROGRAM, words, 120s, environment);
}

test::finished load(const test::test_database& database, const std::string& source,
                    std::vector<std::string> more) {
  std::vector<std::string> words{"load", source, "--db", database.conninfo()};
  words.insert(words.end(), more.begin(), more.end());
  return run_etl(words);
}

void make_sample(const test::temp_dir& folder, int products, int seed, const std::string& unreliable) {
  std::vector<std::string> words{"sample", folder.path(),       "--products", std::to_string(products),
                                 "--seed", std::to_string(seed)};
  if (!unreliable.empty()) words.insert(words.end(), {"--unreliable", unreliable});
  const auto made = run_etl(words);
  INFO(made.errors);
  REQUIRE(made.code == 0);
}

std::string ask(const test::test_database& database, const std::string& sql) {
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

small_set::small_set()
    : files{
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
      } {}

std::string small_set::write(const test::temp_dir& folder) const {
  for (const auto& [name, text] : files) folder.write(name + ".csv", text);
  return folder.path();
}

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

std::string wrong_counters(const test::test_database& database) {
  const auto by_review = ask(
      database,
      "select count(*) from (select product_id, count(*) filter (where rating = 1) a, count(*) filter (where "
      "rating = 2) b, count(*) filter (where rating = 3) c, count(*) filter (where rating = 4) d, count(*) "
      "filter (where rating = 5) e, count(*) filter (where recommend) r, count(*) n"
      " from atelier.reviews group by 1) a full join atelier.product_meta m using (product_id)"
      " where (coalesce(a, 0), coalesce(b, 0), coalesce(c, 0), coalesce(d, 0), coalesce(e, 0), coalesce(r, "
      "0), "
      "coalesce(n - r, 0)) is distinct from"
      " (rating_1, rating_2, rating_3, rating_4, rating_5, recommend_true, recommend_false)");
  const auto by_value =
      ask(database,
          "select count(*) from (select characteristic_id c, sum(value) s, count(*) n from "
          "atelier.characteristic_reviews group by 1) a"
          " full join (select unnest(characteristic_ids) c, unnest(characteristic_sums) s, "
          "unnest(characteristic_counts) n"
          " from atelier.product_meta) m using (c) where coalesce(a.s, 0) <> m.s or coalesce(a.n, 0) <> "
          "m.n or m.c is null");
  return by_review == "0" ? by_value : by_review;
}

}  // namespace atelier::etl_house
