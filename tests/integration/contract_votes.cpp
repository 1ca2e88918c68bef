// PUT helpful and report: each vote counts once, on every kind of row.
#include "contract_house.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <thread>

namespace atelier::test {
namespace {

// A row of each kind, in products of their own.
struct three_rows {
  explicit three_rows(house& h) : product(h.fresh_product()) {
    atelier::test::review r;
    r.product = product;
    r.rating = 3;
    r.body = "b";
    r.name = "n";
    review = h.post_review(r);
    question = h.post_question({.product = product, .body = "why?", .name = "asker"});
    answer = h.post_answer({.question = question, .body = "because", .name = "answerer"});
    paths = {fmt::format("/reviews/{}", review), fmt::format("/qa/questions/{}", question),
             fmt::format("/qa/answers/{}", answer)};
  }

  void check_reads(house& h, int worker) const {
    CHECK(h.get(fmt::format("/reviews?product_id={}", product), {}, worker).body ==
          reviews_json(h.expected, product));
    CHECK(h.get(fmt::format("/qa/questions?product_id={}", product), {}, worker).body ==
          questions_json(h.expected, product));
    CHECK(h.get(fmt::format("/qa/questions/{}/answers", question), {}, worker).body ==
          answers_json(h.expected, question));
  }

  std::int64_t product, review = 0, question = 0, answer = 0;
  std::vector<std::string> paths;
};

const std::map<std::string, std::string> sentences = {
    {"/reviews/", "Error: invalid review id provided"},
    {"/qa/questions/", "Error: invalid question id provided"},
    {"/qa/answers/", "Error: invalid answer id provided"}};

}  // namespace

TEST_CASE("each PUT helpful adds exactly one, seen at once through the other worker", "[contract]") {
  house& h = house::open();
  const three_rows rows(h);
  for (int i = 0; i < 4; ++i) {
    for (const std::string& path : rows.paths) {
      const http_answer a = h.put(path + (i % 2 == 0 ? "/helpful" : "/helpful/"), i % 2);
      CHECK(a.status == 204);
      CHECK(a.body.empty());
      CHECK_FALSE(a.header("Content-Length").has_value());  // RFC 9110 section 8.6: never on 204
    }
    ++h.expected.review_of(rows.review).helpfulness;
    ++h.expected.question_of(rows.question).helpfulness;
    ++h.expected.answer_of(rows.answer).helpfulness;
    rows.check_reads(h, 1 - i % 2);
  }
}

TEST_CASE("a vote on the sample's rows changes their order", "[contract]") {
  house& h = house::open();
  // The product with most reviews: its last by relevance gets votes until it is first.
  std::map<std::int64_t, int> shown;
  for (const review& r : h.expected.reviews) shown[r.product] += r.product <= house::products && !r.reported;
  const std::int64_t product = std::max_element(shown.begin(), shown.end(), [](auto& a, auto& b) {
                                 return a.second < b.second;
                               })->first;
  const std::string list = fmt::format("/reviews?product_id={}&count=1000000", product);
  const json before(h.get(list).body);
  const std::size_t last = simdjson::dom::array(before["/results"].get_array()).size() - 1;
  REQUIRE(last > 1);
  const auto id = std::int64_t(before[fmt::format("/results/{}/review_id", last)].get_int64());
  const auto most = std::int64_t(before["/results/0/helpfulness"].get_int64());
  review& r = h.expected.review_of(id);
  while (r.helpfulness <= most) {
    REQUIRE(h.put(fmt::format("/reviews/{}/helpful", id)).status == 204);
    ++r.helpfulness;
  }
  const std::string after = h.get(list, {}, 1).body;
  CHECK(after == reviews_json(h.expected, product, order::relevant, {1, 1'000'000}));
  CHECK(std::int64_t(json(after)["/results/0/review_id"].get_int64()) == id);
}

TEST_CASE("a reported row leaves the lists, and reporting twice is 204 twice", "[contract]") {
  house& h = house::open();
  const three_rows rows(h);
  for (const int worker : {0, 1}) {
    for (const std::string& path : rows.paths) {
      const http_answer a = h.put(path + "/report", worker);
      CHECK(a.status == 204);
      CHECK(a.body.empty());
    }
    h.expected.review_of(rows.review).reported = true;
    h.expected.question_of(rows.question).reported = true;
    h.expected.answer_of(rows.answer).reported = true;
    rows.check_reads(h, 1 - worker);
    CHECK(h.get(fmt::format("/reviews/{}", rows.review), {}, 1 - worker).status == 404);
  }
}

TEST_CASE("a reported answer leaves its question, and the question stays", "[contract]") {
  house& h = house::open();
  const three_rows rows(h);
  const std::int64_t other = h.post_answer({.question = rows.question, .body = "or not", .name = "n"});
  CHECK(h.put(fmt::format("/qa/answers/{}/report", other)).status == 204);
  h.expected.answer_of(other).reported = true;
  rows.check_reads(h, 1);
}

TEST_CASE("a vote on a reported row counts", "[contract]") {
  house& h = house::open();
  const three_rows rows(h);
  for (const std::string& path : rows.paths) {
    REQUIRE(h.put(path + "/report").status == 204);
    CHECK(h.put(path + "/helpful", 1).status == 204);
  }
}

TEST_CASE("a vote for what is no id or not there is 404 with the sentence of its kind", "[contract]") {
  house& h = house::open();
  http_client client = h.connect();
  for (const auto& [prefix, sentence] : sentences) {
    for (const std::string id : {"0", "hello", "5.55", "-1", "null", "88888888", "9223372036854775807",
                                 "9223372036854775808", "1%20"}) {
      for (const std::string verb : {"/helpful", "/report", "/report/"}) {
        INFO(prefix << id << verb);
        const http_answer a = client.put(prefix + id + verb);
        CHECK(a.status == 404);
        CHECK(a.body == sentence);
      }
    }
  }
}

TEST_CASE("any body of a vote is ignored", "[contract]") {
  house& h = house::open();
  const three_rows rows(h);
  const std::vector<http_headers> types = {
      {}, {{"Content-Type", "application/json"}}, {{"Content-Type", "image/png"}}};
  for (const http_headers& type : types) {
    for (const std::string body : {"", "{}", "not json", "\xff\xfe", "{\"helpful\":-5}"}) {
      INFO(body);
      CHECK(h.send("PUT", rows.paths[0] + "/helpful", type, body).status == 204);
      ++h.expected.review_of(rows.review).helpfulness;
    }
  }
  rows.check_reads(h, 1);
  // And the connection goes on behind it.
  http_client client = h.connect();
  client.send(fmt::format(
      "PUT {}/helpful HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
      "GET {} HTTP/1.1\r\nHost: t\r\n\r\n",
      rows.paths[0], rows.paths[0]));
  CHECK(client.read().status == 204);
  ++h.expected.review_of(rows.review).helpfulness;
  CHECK(client.read().body == review_json(h.expected, rows.review));
}

TEST_CASE("leading zeros of a voted id count for nothing", "[contract]") {
  house& h = house::open();
  const three_rows rows(h);
  CHECK(h.put(fmt::format("/reviews/000{}/helpful", rows.review)).status == 204);
  ++h.expected.review_of(rows.review).helpfulness;
  rows.check_reads(h, 0);
}

TEST_CASE("votes from many connections through both workers count exactly", "[contract]") {
  constexpr int connections = 16;
  constexpr int votes_each = 30;
  house& h = house::open();
  const three_rows rows(h);
  std::atomic<int> accepted = 0;
  std::vector<std::thread> voters;
  for (int i = 0; i < connections; ++i) {
    voters.emplace_back([&, i] {
      try {
        http_client client = h.connect(i % 2);
        for (int v = 0; v < votes_each; ++v) {
          for (const std::string& path : rows.paths) accepted += client.put(path + "/helpful").status == 204;
        }
      } catch (const std::runtime_error&) {  // counted as missing votes
      }
    });
  }
  for (std::thread& voter : voters) voter.join();
  CHECK(accepted == connections * votes_each * 3);
  h.expected.review_of(rows.review).helpfulness += connections * votes_each;
  h.expected.question_of(rows.question).helpfulness += connections * votes_each;
  h.expected.answer_of(rows.answer).helpfulness += connections * votes_each;
  rows.check_reads(h, 0);
  rows.check_reads(h, 1);
}

TEST_CASE("pipelined votes count each, and a read behind them sees them all", "[contract]") {
  constexpr int votes = 50;
  house& h = house::open();
  const three_rows rows(h);
  std::string requests;
  for (int i = 0; i < votes; ++i) {
    requests += fmt::format("PUT {}/helpful HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n", rows.paths[0]);
  }
  requests += fmt::format("GET {} HTTP/1.1\r\nHost: t\r\n\r\n", rows.paths[0]);
  http_client client = h.connect();
  client.send(requests);
  for (int i = 0; i < votes; ++i) CHECK(client.read().status == 204);
  h.expected.review_of(rows.review).helpfulness += votes;
  CHECK(client.read().body == review_json(h.expected, rows.review));
}

TEST_CASE("posts from many connections are all there, once", "[contract]") {
  constexpr int connections = 8;
  constexpr int posts_each = 10;
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  std::vector<std::vector<std::string>> locations(connections);
  std::vector<std::thread> writers;
  for (int i = 0; i < connections; ++i) {
    writers.emplace_back([&, i] {
      try {
        http_client client = h.connect(i % 2);
        for (int p = 0; p < posts_each; ++p) {
          const http_answer a = client.post("/reviews", valid_review(product).text());
          if (a.status == 201) locations[static_cast<std::size_t>(i)].push_back(location_of(a));
        }
      } catch (const std::runtime_error&) {  // counted as missing posts
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  std::vector<std::string> all;
  for (const auto& some : locations) all.insert(all.end(), some.begin(), some.end());
  std::sort(all.begin(), all.end());
  CHECK(all.size() == connections * posts_each);
  CHECK(std::unique(all.begin(), all.end()) == all.end());
  const json list(h.get(fmt::format("/reviews?product_id={}&count=1000000", product)).body);
  CHECK(simdjson::dom::array(list["/results"].get_array()).size() == connections * posts_each);
  CHECK_THAT(h.get(fmt::format("/reviews/meta?product_id={}", product), {}, 1).body,
             Catch::Contains(fmt::format(R"("ratings":{{"4":"{0}"}},"recommended":{{"true":"{0}"}})",
                                         connections * posts_each)));
}

}  // namespace atelier::test
