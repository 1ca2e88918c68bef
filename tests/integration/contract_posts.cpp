// What a POST of each kind leaves behind, read through the other worker.
#include "contract_house.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace atelier::test {
namespace {

review a_review(std::int64_t product) {
  review r;
  r.product = product;
  r.rating = 4;
  r.summary = "Fits well";
  r.body = "I wore them for a week.";
  r.recommend = true;
  r.name = "walker";
  return r;
}

// Text that a careless server would change: quotes, markup, every kind of space, non-BMP, combining,
// right-to-left, DEL.
const std::string awkward =
    " \t\"quotes\" \\back\\ /slash/ 'apostrophe' <b>&amp;</b> %s {0} $1 \r\n\b\f\x01\x1f\x7f "
    "größer 👟 e\xCC\x81 שלום \xC2\xA0\xE2\x80\xA8 ; drop table reviews;-- ";

}  // namespace

TEST_CASE("a posted review is answered with Created, its place, and nothing else", "[contract]") {
  house& h = house::open();
  const http_answer a = h.post("/reviews", valid_review(h.fresh_product()).text());
  CHECK(a.status == 201);
  CHECK(a.body == "Created");
  CHECK(a.header("Content-Type").value_or("").rfind("text/plain", 0) == 0);
  CHECK_THAT(location_of(a), Catch::Matchers::Matches("/reviews/[1-9][0-9]*"));
  CHECK(h.get(location_of(a)).status == 200);
}

TEST_CASE("a posted review is in every list of its product, through whichever worker", "[contract]") {
  house& h = house::open();
  review r = a_review(h.fresh_product());
  for (int i = 0; i < 7; ++i) {
    r.rating = 1 + i % 5;
    r.recommend = i % 2 == 0;
    r.summary = fmt::format("number {}", i);
    r.photos.assign(static_cast<std::size_t>(i % 4), {0, fmt::format("https://example.com/{}.jpg", i)});
    h.post_review(r, {}, i % 2);
    for (const int worker : {0, 1}) {
      CHECK(h.get(fmt::format("/reviews?product_id={}", r.product), {}, worker).body ==
            reviews_json(h.expected, r.product));
      CHECK(h.get(fmt::format("/reviews?product_id={}&sort=newest&count=1000000", r.product), {}, worker)
                .body == reviews_json(h.expected, r.product, order::newest, {1, 1'000'000}));
      CHECK(h.get(fmt::format("/reviews/meta?product_id={}", r.product), {}, worker).body ==
            meta_json(h.expected, r.product));
    }
  }
}

TEST_CASE("text is kept as sent, whatever it looks like", "[contract]") {
  house& h = house::open();
  review r = a_review(h.fresh_product());
  r.summary = r.body = awkward;
  r.name = "Zoë \"the\\walker\" 👟 <i>";
  h.post_review(r);
  const std::int64_t product = h.fresh_product();
  const std::int64_t question = h.post_question({.product = product, .body = awkward, .name = r.name});
  h.post_answer({.question = question, .body = awkward, .name = r.name}, 1);
  CHECK(h.get(fmt::format("/qa/questions?product_id={}", product)).body ==
        questions_json(h.expected, product));
}

TEST_CASE("JSON escapes in a body are read as the characters they stand for", "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  const http_answer a = h.post("/reviews", valid_review(product)
                                               .with("body", R"("\u0041\/\ud83d\udc5f\u00e9\\u0041")")
                                               .with("name", R"("\u004a\tB")")
                                               .text());
  REQUIRE(a.status == 201);
  const std::string body = h.get(location_of(a)).body;
  CHECK_THAT(body, Catch::Contains(R"("body":"A/👟é\\u0041")"));
  CHECK_THAT(body, Catch::Contains(R"("reviewer_name":"J\tB")"));
}

TEST_CASE("a review may be as long as its limits, counted in code points", "[contract]") {
  house& h = house::open();
  review r = a_review(h.fresh_product());
  r.summary = repeated("👟", 255);
  r.body = repeated("👟", 10'000);
  r.name = repeated("é", 60);
  r.photos.assign(10, {0, "https://example.com/" + repeated("x", 2048 - 20)});
  h.post_review(r);
}

TEST_CASE("a summary that is absent, null, empty or blank is the empty text", "[contract]") {
  house& h = house::open();
  for (const std::string summary : {"", "null", R"("")", R"("   ")", R"(" \t\r\n")"}) {
    INFO(summary);
    const std::int64_t product = h.fresh_product();
    const members base = valid_review(product);
    const http_answer a = h.post(
        "/reviews", (summary.empty() ? base.without("summary") : base.with("summary", summary)).text());
    REQUIRE(a.status == 201);
    CHECK_THAT(h.get(location_of(a)).body, Catch::Contains(R"("summary":"",)"));
  }
}

TEST_CASE("a new review has no response, no votes, and is dated now", "[contract]") {
  house& h = house::open();
  const std::int64_t id = h.post_review(a_review(h.fresh_product()));
  const std::string body = h.get(fmt::format("/reviews/{}", id)).body;
  CHECK_THAT(body, Catch::Contains(R"("response":null)"));
  CHECK_THAT(body, Catch::Contains(R"("helpfulness":0)"));
}

TEST_CASE("photos keep the order in which they were sent, with ascending ids", "[contract]") {
  house& h = house::open();
  review r = a_review(h.fresh_product());
  r.photos = {{0, "https://z.example/1"}, {0, "https://a.example/2"}, {0, "//m.example/3?q=\"'<>\\"}};
  h.post_review(r);  // compares ids and urls
}

TEST_CASE("photos come as forms send them: empty entries skipped, objects read as their url", "[contract]") {
  house& h = house::open();
  const auto stored = [&h](const std::string& photos) {
    const http_answer a = h.post("/reviews", valid_review(h.fresh_product()).with("photos", photos).text());
    INFO(photos);
    REQUIRE(a.status == 201);
    const json j(h.get(location_of(a)).body);
    std::vector<std::string> urls;
    for (const auto photo : simdjson::dom::array(j["/photos"].get_array())) {
      urls.emplace_back(std::string_view(photo["url"].get_string()));
    }
    return urls;
  };
  using urls = std::vector<std::string>;
  CHECK(stored("null").empty());
  CHECK(stored("[]").empty());
  CHECK(stored(R"(["", null, "  ", {"url":""}, {"url":" \t"}])").empty());
  CHECK(stored(R"([null,"https://a.example/1","",{"id":9,"url":"https://a.example/2"}])") ==
        urls{"https://a.example/1", "https://a.example/2"});
  CHECK(stored(R"(["https://a.example/1","https://a.example/1"])") ==
        urls{"https://a.example/1", "https://a.example/1"});
  const std::string ten = repeated(R"("https://a.example/x",)", 10);
  CHECK(stored("[" + ten + R"("",null,{"url":""}])").size() == 10);
}

TEST_CASE("numbers and booleans are read as meant", "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  struct meaning {
    std::string member, raw, shown;
  };
  const std::vector<meaning> meanings = {
      {"rating", R"("5")", R"("rating":5)"},
      {"rating", "5.0", R"("rating":5)"},
      {"rating", R"("005")", R"("rating":5)"},
      {"rating", "5.000", R"("rating":5)"},
      {"recommend", R"("true")", R"("recommend":true)"},
      {"recommend", R"("false")", R"("recommend":false)"},
      {"recommend", "1", R"("recommend":true)"},
      {"recommend", "0", R"("recommend":false)"},
      {"product_id", fmt::format("\"{}\"", product), fmt::format(R"("product_id":"{}")", product)},
      {"product_id", fmt::format("\"000{}\"", product), fmt::format(R"("product_id":"{}")", product)},
      {"product_id", fmt::format("{}.0", product), fmt::format(R"("product_id":"{}")", product)}};
  for (const meaning& m : meanings) {
    INFO(m.member << " " << m.raw);
    const http_answer a = h.post("/reviews", valid_review(product).with(m.member, m.raw).text());
    CHECK(a.status == 201);
    if (a.status == 201) CHECK_THAT(h.get(location_of(a)).body, Catch::Contains(m.shown));
  }
}

TEST_CASE("any product id is accepted, up to 2^63-1", "[contract]") {
  house& h = house::open();
  for (const std::string id : {"9223372036854775807", "\"9223372036854775807\"", "4611686018427387905"}) {
    INFO(id);
    const http_answer a = h.post("/reviews", valid_review(1).with("product_id", id).text());
    REQUIRE(a.status == 201);
    const std::string digits = id.front() == '"' ? id.substr(1, id.size() - 2) : id;
    CHECK_THAT(h.get(location_of(a)).body, Catch::Contains(fmt::format(R"("product_id":"{}")", digits)));
  }
}

TEST_CASE("members that the contract does not know are ignored, whatever is inside", "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  for (const std::string inside :
       {"1", "null", R"("text")", R"({"rating":9,"rating":10})", R"("\u0000")", R"("\ud800")",
        R"([[],{},[{}]])", "1e400", "-1E-400", "123456789012345678901234567890",
        "0.1000000000000000000000000000000000001", "-0", R"({"":{"":""}})", R"("a\"b")", R"({"\ud800":1})"}) {
    INFO(inside);
    CHECK(h.post("/reviews", valid_review(product).with("extra", inside).text()).status == 201);
    CHECK(h.post("/qa/questions", valid_question(product).with("extra", inside).text()).status == 201);
  }
  // What a review does not have is unknown to it, even if a client copies it from an answer.
  CHECK(h.post("/reviews", valid_review(product)
                               .with("review_id", "\"x\"")
                               .with("helpfulness", "-1")
                               .with("reported", "true")
                               .with("date", "[]")
                               .with("response", "{}")
                               .text())
            .status == 201);
  CHECK(h.post("/qa/questions", valid_question(product).with("photos", "5").with("rating", "{}").text())
            .status == 201);
}

TEST_CASE("a member's name may be written with escapes", "[contract]") {
  house& h = house::open();
  std::string body = valid_review(h.fresh_product()).text();
  body.replace(body.find("\"rating\""), 8, "\"r\\u0061ting\"");
  CHECK(h.post("/reviews", body).status == 201);
}

TEST_CASE("characteristics are those of the product, by id, each once", "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.some_characteristic().product;
  std::map<std::int64_t, int> all;
  for (const characteristic& c : h.expected.characteristics) {
    if (c.product == product && c.name) all[c.id] = static_cast<int>(1 + c.id % 5);
  }
  h.post_review(a_review(product), all);
  CHECK(h.get(fmt::format("/reviews/meta?product_id={}", product)).body == meta_json(h.expected, product));

  // Written as raw JSON, and reported at once: the lists stay as they were, meta must count them.
  const auto post_rated = [&](const std::string& raw) {
    INFO(raw);
    const http_answer created = h.post("/reviews", valid_review(product).with("characteristics", raw).text());
    REQUIRE(created.status == 201);
    REQUIRE(h.put(location_of(created) + "/report").status == 204);
    review stored = a_review(product);
    stored.id = std::stoll(location_of(created).substr(std::string_view("/reviews/").size()));
    stored.reported = true;
    h.expected.reviews.push_back(stored);
  };
  const std::int64_t id = all.begin()->first;
  for (const std::string value : {"5", "5.0", R"("5")", R"("05")"}) {
    post_rated(fmt::format("{{\"{}\":{}}}", id, value));
    h.expected.values.push_back({id, 5});
    CHECK(h.get(fmt::format("/reviews/meta?product_id={}", product)).body == meta_json(h.expected, product));
  }
  post_rated(fmt::format("{{\"0{}\":2}}", id));  // an id's leading zeros count for nothing
  h.expected.values.push_back({id, 2});
  for (const std::string& none :
       {std::string("null"), std::string("{}"), fmt::format("{{\"{}\":null}}", id)}) {
    post_rated(none);
  }
  CHECK(h.get(fmt::format("/reviews/meta?product_id={}", product)).body == meta_json(h.expected, product));
}

TEST_CASE("a posted question is in its product's list, through whichever worker", "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  for (int i = 0; i < 6; ++i) {
    h.post_question({.product = product, .body = fmt::format("question {}?", i), .name = "asker"}, i % 2);
    for (const int worker : {0, 1}) {
      CHECK(h.get(fmt::format("/qa/questions?product_id={}", product), {}, worker).body ==
            questions_json(h.expected, product));
    }
  }
}

TEST_CASE("a posted answer is in the list of answers and in its question", "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  const std::int64_t question = h.post_question({.product = product, .body = "why?", .name = "asker"});
  answer a;
  a.question = question;
  a.name = "answerer";
  for (int i = 0; i < 7; ++i) {  // the question shows all of them, not five
    a.body = fmt::format("answer {}", i);
    a.photos.assign(static_cast<std::size_t>(i % 3), {0, fmt::format("https://example.com/{}.jpg", i)});
    h.post_answer(a, i % 2);
    for (const int worker : {0, 1}) {
      CHECK(h.get(fmt::format("/qa/questions?product_id={}", product), {}, worker).body ==
            questions_json(h.expected, product));
      CHECK(h.get(fmt::format("/qa/questions/{}/answers", question), {}, worker).body ==
            answers_json(h.expected, question));
    }
  }
}

TEST_CASE("the longest question and answer are taken", "[contract]") {
  house& h = house::open();
  const std::string body = repeated("👟", 1000);
  const std::string name = repeated("é", 60);
  const std::int64_t question = h.post_question({.product = h.fresh_product(), .body = body, .name = name});
  h.post_answer({.question = question, .body = body, .name = name});
}

TEST_CASE("an answer to a reported question is taken", "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  const std::int64_t question = h.post_question({.product = product, .body = "why?", .name = "asker"});
  REQUIRE(h.put(fmt::format("/qa/questions/{}/report", question)).status == 204);
  h.expected.question_of(question).reported = true;
  h.post_answer({.question = question, .body = "because", .name = "answerer"});
  CHECK(h.get(fmt::format("/qa/questions?product_id={}", product)).body ==
        questions_json(h.expected, product));
}

TEST_CASE("an answer to a question that is not there or no id is 404", "[contract]") {
  house& h = house::open();
  for (const std::string id :
       {"0", "hello", "-1", "5.5", "88888888", "9223372036854775807", "9223372036854775808"}) {
    INFO(id);
    for (const std::string& body : {valid_answer().text(), std::string("{}")}) {  // 404 before the members
      const http_answer a = h.post("/qa/questions/" + id + "/answers", body);
      CHECK(a.status == 404);
      CHECK(a.body == "Error: invalid question id provided");
    }
  }
}

TEST_CASE("POST takes a trailing slash", "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  CHECK(h.post("/reviews/", valid_review(product).text()).status == 201);
  CHECK(h.post("/qa/questions/", valid_question(product).text()).status == 201);
  const json j(h.get(fmt::format("/qa/questions/?product_id={}", product)).body);
  const auto id = std::int64_t(j["/results/0/question_id"].get_int64());
  CHECK(h.post(fmt::format("/qa/questions/{}/answers/", id), valid_answer().text()).status == 201);
}

}  // namespace atelier::test
