// The oracle judges the program, so it is held to answers written out by hand from CONTRACT.md.
#include "support/oracle.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>

namespace atelier::test {
namespace {

review a_review(std::int64_t id, std::int64_t helpfulness, std::int64_t date_ms) {
  review r;
  r.id = id;
  r.product = 40344;
  r.rating = 3;
  r.date_ms = date_ms;
  r.summary = "s";
  r.body = "b";
  r.name = "n";
  r.helpfulness = helpfulness;
  return r;
}

// The ids in the order of the list.
std::vector<std::int64_t> ids(const std::string& json, const std::string& key) {
  std::vector<std::int64_t> out;
  for (std::size_t at = 0; (at = json.find('"' + key + "\":", at)) != std::string::npos;) {
    at += key.size() + 3;
    out.push_back(std::atoll(json.c_str() + at));
  }
  return out;
}

using id_list = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("oracle: the list of reviews is the contract's sample") {
  shop s;
  s.reviews.push_back({.id = 5,
                       .product = 40344,
                       .rating = 3,
                       .date_ms = 1555200000000,
                       .summary = "I'm enjoying wearing these shades",
                       .body = "Comfortable.",
                       .recommend = false,
                       .reported = false,
                       .name = "shortandsweeet",
                       .response = std::nullopt,
                       .helpfulness = 5,
                       .photos = {{2, "https://b"}, {1, "https://a"}}});
  const std::string item =
      R"("review_id":5,"rating":3,"summary":"I'm enjoying wearing these shades","recommend":false,)"
      R"("response":null,"body":"Comfortable.","date":"2019-04-14T00:00:00.000Z",)"
      R"("reviewer_name":"shortandsweeet","helpfulness":5,)"
      R"("photos":[{"id":1,"url":"https://a"},{"id":2,"url":"https://b"}]})";
  CHECK(reviews_json(s, 40344) == R"({"product":"40344","page":0,"count":5,"results":[{)" + item + "]}");
  CHECK(review_json(s, 5) == R"({"product_id":"40344",)" + item);
  CHECK(reviews_json(s, 7, order::newest, {3, 2}) == R"({"product":"7","page":2,"count":2,"results":[]})");
}

TEST_CASE("oracle: each sort has its own order, and ties end at the higher id") {
  shop s;
  s.reviews = {a_review(1, 2, 100), a_review(2, 2, 300), a_review(3, 9, 200), a_review(4, 2, 300),
               a_review(5, 2, 50)};
  CHECK(ids(reviews_json(s, 40344, order::newest), "review_id") == id_list{4, 2, 3, 1, 5});
  CHECK(ids(reviews_json(s, 40344, order::helpful), "review_id") == id_list{3, 5, 4, 2, 1});
  CHECK(ids(reviews_json(s, 40344, order::relevant), "review_id") == id_list{3, 4, 2, 1, 5});
}

TEST_CASE("oracle: pages cut the sorted list without a gap, however large they are") {
  shop s;
  for (std::int64_t id = 1; id <= 7; ++id) s.reviews.push_back(a_review(id, id, 0));
  const auto page = [&s](std::int64_t number, std::int64_t count) {
    return ids(reviews_json(s, 40344, order::helpful, {number, count}), "review_id");
  };
  CHECK(page(1, 3) == id_list{7, 6, 5});
  CHECK(page(0, 3) == id_list{7, 6, 5});
  CHECK(page(2, 3) == id_list{4, 3, 2});
  CHECK(page(3, 3) == id_list{1});
  CHECK(page(4, 3).empty());
  CHECK(page(1, 7).size() == 7);
  CHECK(page(2, 7).empty());
  CHECK(page(1, 0).empty());
  CHECK(page(1, INT64_MAX).size() == 7);
  CHECK(page(INT64_MAX, INT64_MAX).empty());
}

TEST_CASE("oracle: a reported review leaves the list and its page, and stays in meta") {
  shop s;
  s.reviews = {a_review(1, 2, 100), a_review(2, 3, 100)};
  s.review_of(2).reported = true;
  s.review_of(2).recommend = true;
  s.review_of(2).rating = 5;
  CHECK(ids(reviews_json(s, 40344), "review_id") == id_list{1});
  CHECK_FALSE(review_json(s, 2));
  CHECK(meta_json(s, 40344) ==
        R"({"product_id":"40344","ratings":{"3":"1","5":"1"},"recommended":{"false":"1","true":"1"},)"
        R"("characteristics":{}})");
}

TEST_CASE("oracle: meta is the contract's sample") {
  shop s;
  s.characteristics = {{135220, 40344, "Length"}, {135219, 40344, "Fit"},     {135221, 40344, std::nullopt},
                       {135222, 40344, "Fit"},    {135223, 40344, "Quality"}, {1, 1, "Size"}};
  const auto rate = [&s](std::int64_t id, int value, int times) {
    for (int i = 0; i < times; ++i) s.values.push_back({id, value});
  };
  rate(135219, 2, 17);  // 76 / 31 = 2.45161290322580645…
  rate(135219, 3, 14);
  rate(135220, 2, 15);  // 81 / 32 = 2.53125
  rate(135220, 3, 17);
  rate(135222, 5, 1);
  CHECK(meta_json(s, 40344) ==
        R"({"product_id":"40344","ratings":{},"recommended":{},"characteristics":{)"
        R"("Fit":{"id":135219,"value":"2.4516129032258065"},)"
        R"("Length":{"id":135220,"value":"2.5312500000000000"},"Quality":{"id":135223,"value":null}}})");
  CHECK(meta_json(s, 2) == R"({"product_id":"2","ratings":{},"recommended":{},"characteristics":{}})");
}

TEST_CASE("oracle: a mean has sixteen decimals, rounded half up") {
  CHECK(mean(4, 1) == "4.0000000000000000");
  CHECK(mean(10, 3) == "3.3333333333333333");
  CHECK(mean(5, 3) == "1.6666666666666667");
  CHECK(mean(76, 31) == "2.4516129032258065");
  CHECK(mean(131073, 131072) == "1.0000076293945313");  // …31250 exactly: half goes up
  CHECK(mean(49'999'999'999'999'999, 10'000'000'000'000'000) == "4.9999999999999999");
  CHECK(mean(99'999'999'999'999'999, 100'000'000'000'000'000) == "1.0000000000000000");  // carries
}

TEST_CASE("oracle: questions hold all answers by ascending id, with photos as strings") {
  shop s;
  s.questions = {{37, 5, "why?", 1595884714409, "jbilas", false, 4},
                 {38, 5, "reported", 0, "x", true, 9},
                 {39, 5, "how?", 1595884714410, "y", false, 4}};
  s.answers = {{70, 37, "third", 0, "c", false, 1, {}},
               {68, 37, "first", 1595884714409, "Seller", false, 4, {{9, "https://b"}, {8, "https://a"}}},
               {69, 37, "reported", 0, "b", true, 1, {}}};
  const std::string first =
      R"({"question_id":39,"question_body":"how?","question_date":"2020-07-27T21:18:34.410Z","asker_name":"y",)"
      R"("question_helpfulness":4,"reported":false,"answers":{}})";
  const std::string second =
      R"({"question_id":37,"question_body":"why?","question_date":"2020-07-27T21:18:34.409Z",)"
      R"("asker_name":"jbilas","question_helpfulness":4,"reported":false,"answers":{)"
      R"("68":{"id":68,"body":"first","date":"2020-07-27T21:18:34.409Z","answerer_name":"Seller",)"
      R"("helpfulness":4,"photos":["https://a","https://b"]},)"
      R"("70":{"id":70,"body":"third","date":"1970-01-01T00:00:00.000Z","answerer_name":"c",)"
      R"("helpfulness":1,"photos":[]}}})";
  CHECK(questions_json(s, 5) == R"({"product_id":"5","results":[)" + first + "," + second + "]}");
  CHECK(questions_json(s, 5, {2, 1}) == R"({"product_id":"5","results":[)" + second + "]}");
  CHECK(questions_json(s, 6) == R"({"product_id":"6","results":[]})");
}

TEST_CASE("oracle: answers echo the page as asked for, with photos as objects") {
  shop s;
  s.answers = {{8, 1, "b", 1514764800000, "n", false, 8, {{1, "https://a"}}},
               {9, 1, "reported", 0, "n", true, 9, {}},
               {10, 1, "c", 0, "n", false, 9, {}}};
  CHECK(answers_json(s, 1, {2, 1}) ==
        R"({"question":"1","page":2,"count":1,"results":[{"answer_id":8,"body":"b",)"
        R"("date":"2018-01-01T00:00:00.000Z","answerer_name":"n","helpfulness":8,)"
        R"("photos":[{"id":1,"url":"https://a"}]}]})");
  CHECK(ids(answers_json(s, 1), "answer_id") == id_list{10, 8});
  CHECK(answers_json(s, 2, {0, 5}) == R"({"question":"2","page":1,"count":5,"results":[]})");
}

TEST_CASE("oracle: text is escaped as JSON.stringify escapes it") {
  CHECK(json_text("a\"b\\c/d") == R"("a\"b\\c/d")");
  CHECK(json_text("\b\f\n\r\t\x01\x1f\x7f") == "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
  CHECK(json_text("größer 👟") == "\"größer 👟\"");
}

TEST_CASE("oracle: CSV cells keep commas, quotes and newlines inside their quotes") {
  const std::vector<std::vector<std::string>> expected = {
      {"id", "text"}, {"1", "a, \"b\"\nc"}, {"2", ""}, {"3", "last"}};
  CHECK(read_csv("id,text\n1,\"a, \"\"b\"\"\nc\"\r\n2,\"\"\n3,last") == expected);
}

}  // namespace atelier::test
