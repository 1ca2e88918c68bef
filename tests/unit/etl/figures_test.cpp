#include "etl/ids.hpp"
#include "etl/progress.hpp"
#include "etl/reading.hpp"
#include "etl/rejects.hpp"
#include "etl/report.hpp"

#include <catch2/catch.hpp>

using namespace atelier::etl;

TEST_CASE("ids far outside the dense range cost memory by the id, not by their size") {
  id_map<std::uint32_t> map;
  id_set set;
  for (const std::int64_t id :
       {std::int64_t{1}, id_map<std::uint32_t>::dense_ids - 2, id_map<std::uint32_t>::dense_ids, INT64_MAX}) {
    CHECK(map.find(id) == 0);
    map.at(id) = 7;
    CHECK(map.find(id) == 7);
    CHECK_FALSE(set.contains(id));
    CHECK(set.insert(id));
    CHECK_FALSE(set.insert(id));
    CHECK(set.contains(id));
    CHECK_FALSE(set.contains(id - 1));
  }
}

TEST_CASE("loaded, repaired, rejected and duplicates are disjoint and add up") {
  row_counts counts;
  counts.rows_read = 4;
  counts.count_loaded(0);
  counts.count_loaded(bit(repair::date_iso8601) | bit(repair::null_word));
  counts.count_rejected(reject::bad_date);
  CHECK_FALSE(counts.is_exact());
  counts.count_rejected(reject::duplicate_id);
  CHECK(counts.is_exact());
  CHECK(counts.repaired == 1);
  CHECK(counts.duplicates == 1);
  CHECK(counts.rejected == 1);
}

TEST_CASE("the report is JSON with every figure of DATA.md's form") {
  load_report report;
  report.files.push_back({"a\"b.csv", set_kind::reviews, {}, 12, 0.5, "abc"});
  report.files[0].counts.rows_read = 1;
  report.files[0].counts.count_loaded(bit(repair::null_word));
  CHECK(to_json(report) ==
        "{\"files\":[\n{\"file\":\"a\\\"b.csv\",\"set\":\"reviews\",\"rows_read\":1,\"loaded\":0,"
        "\"repaired\":1,\"rejected\":0,\"duplicates\":0,"
        "\"repairs\":{\"null_word\":1},\"rejects\":{},\"bytes\":12,\"seconds\":0.500,\"sha256\":\"abc\"}],"
        "\n\"totals\":{\"rows_read\":1,\"loaded\":0,"
        "\"repaired\":1,\"rejected\":0,\"duplicates\":0,\"repairs\":{\"null_word\":1},\"rejects\":{},"
        "\"bytes\":12},\n\"seconds\":0.000,"
        "\"published\":false}\n");
}

TEST_CASE("a line of the log keeps the raw record, in base64 if it is not UTF-8") {
  CHECK(
      reject_line("f.csv", {3, 40, reject::bad_date, "date", "so\"on", "1,\"x\ny\""}) ==
      R"({"file":"f.csv","line":3,"offset":40,"column":"date","reason":"bad_date","value":"so\"on","raw":"1,\"x\u000ay\""})");
  CHECK(
      reject_line("f.csv", {1, 0, reject::bad_encoding, "", "", "\xff"}) ==
      R"({"file":"f.csv","line":1,"offset":0,"column":null,"reason":"bad_encoding","value":null,"raw_base64":"/w=="})");
}

TEST_CASE("a limit is a number of rows or a share") {
  CHECK(parse_reject_limit("100")->rows == 100U);
  CHECK(parse_reject_limit("2.5%")->share == Approx(0.025));
  for (const auto* wrong : {"", "%", "-1", "5.5", "101%", "x", "5 %", "1..2%"})
    CHECK_FALSE(parse_reject_limit(wrong));
}

TEST_CASE("a progress line says how much, how fast and how long still") {
  const auto line = progress_line("reviews.csv", 50 << 20, 100 << 20, 1000, 2.0);
  for (const auto* part : {"reviews.csv", "50%", "1000 rows", "500/s", "2 s left", "##########          "})
    CHECK(line.find(part) != std::string::npos);
}

namespace {

input named(std::string name, std::optional<std::uint64_t> bytes) {
  input of;
  of.from.shown = std::move(name);
  of.bytes = bytes;
  return of;
}

}  // namespace

TEST_CASE("rate and time left of a file are its own, however late in the load its reading began") {
  const std::chrono::steady_clock::time_point begun{std::chrono::minutes(5)};
  reading file(named("data/questions.csv", 100 << 20), "");
  file.begun = begun;
  file.rows_so_far = 1000;
  file.bytes_so_far = 50 << 20;
  const auto line = progress_line(file, begun + std::chrono::seconds(2));
  for (const auto* part : {"questions.csv", " 50%", "1000 rows", " 500/s", " 2 s left"}) {
    INFO(line);
    CHECK(line.find(part) != std::string::npos);
  }
}

TEST_CASE("nobody says how much is left of a file of unknown length") {
  const std::chrono::steady_clock::time_point begun{std::chrono::minutes(5)};
  reading file(named("standard input", std::nullopt), "");
  file.begun = begun;
  file.rows_so_far = 1000;
  file.bytes_so_far = 50 << 20;
  const auto line = progress_line(file, begun + std::chrono::seconds(2));
  CHECK(line.find(" ?%") != std::string::npos);
  CHECK(line.find(" 500/s") != std::string::npos);
  for (const auto* part : {"100%", "#", "left"}) CHECK(line.find(part) == std::string::npos);
  file.is_over = true;
  CHECK(progress_line(file, begun).find("100%") != std::string::npos);
}
