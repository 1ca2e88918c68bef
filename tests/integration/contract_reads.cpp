// The reads: every product of the sample, byte for byte what the CSV files say.
#include "contract_house.hpp"
#include "support/sent_request.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace atelier::test {
namespace {

constexpr std::int64_t largest_id = 9'223'372'036'854'775'807;

// A client for many reads: one connection a worker, taken in turn.
class reader {
 public:
  explicit reader(house& h) : clients_{h.connect(0), h.connect(1)} {}

  // Compares quietly: an assertion for each of thousands of equal pages would drown the count.
  void expect(const std::string& target, const std::string& body) {
    const http_answer a = clients_[turn_++ % 2].get(target);
    const auto wrong = disagreements(specification::of_the_sources(), {"GET", target}, a);
    if (a.status == 200 && a.body == body && wrong.empty()) return;
    INFO(target);
    CHECK(wrong == std::vector<std::string>{});
    CHECK(a.status == 200);
    CHECK(a.body == body);
  }

 private:
  std::array<http_client, 2> clients_;
  std::size_t turn_ = 0;
};

std::vector<std::int64_t> known_and_unknown_products() {
  std::vector<std::int64_t> all;
  for (std::int64_t id = 1; id <= house::products + 1; ++id) all.push_back(id);
  all.push_back(4'000'000'000);
  all.push_back(largest_id - 1);  // to the largest itself other cases post
  return all;
}

const std::vector<std::pair<order, std::string>> sorts = {
    {order::relevant, "relevant"}, {order::newest, "newest"}, {order::helpful, "helpful"}};

}  // namespace

TEST_CASE("the sample has what the reads must tell apart", "[contract]") {
  const shop& s = house::open().expected;
  const auto any = [](const auto& rows, auto is) { return std::any_of(rows.begin(), rows.end(), is); };
  CHECK(s.reviews.size() > 500);
  CHECK(any(s.reviews, [](const review& r) { return r.reported; }));
  CHECK(any(s.reviews, [](const review& r) { return r.response.has_value(); }));
  CHECK(any(s.reviews, [](const review& r) { return !r.response; }));
  CHECK(any(s.reviews, [](const review& r) { return r.photos.size() > 1; }));
  CHECK(any(s.questions, [](const question& q) { return q.reported; }));
  CHECK(any(s.answers, [](const answer& a) { return a.reported; }));
  CHECK(any(s.answers, [](const answer& a) { return a.photos.size() > 1; }));
  CHECK(any(s.characteristics, [](const characteristic& c) { return c.name.has_value(); }));
}

TEST_CASE("GET /reviews lists each product's reviews in each order", "[contract]") {
  house& h = house::open();
  reader read(h);
  for (const std::int64_t product : known_and_unknown_products()) {
    read.expect(fmt::format("/reviews?product_id={}", product), reviews_json(h.expected, product));
    for (const auto& [by, name] : sorts) {
      read.expect(fmt::format("/reviews/?count=1000000&sort={}&product_id={}", name, product),
                  reviews_json(h.expected, product, by, {1, 1'000'000}));
    }
  }
}

TEST_CASE("GET /reviews pages never skip or repeat a review", "[contract]") {
  house& h = house::open();
  reader read(h);
  for (std::int64_t product = 1; product <= house::products; product += 7) {
    for (const auto& [by, name] : sorts) {
      for (const std::int64_t count : {1, 2, 5}) {
        for (std::int64_t page = 0; page <= 6; ++page) {
          read.expect(
              fmt::format("/reviews?product_id={}&sort={}&page={}&count={}", product, name, page, count),
              reviews_json(h.expected, product, by, {page, count}));
        }
      }
    }
  }
}

TEST_CASE("GET /reviews takes any page and count up to 2^63-1", "[contract]") {
  house& h = house::open();
  reader read(h);
  const std::int64_t product = h.expected.reviews.front().product;
  for (const std::int64_t page :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{2}, std::int64_t{4'294'967'297}, largest_id}) {
    for (const std::int64_t count : {std::int64_t{0}, std::int64_t{1}, std::int64_t{5},
                                     std::int64_t{1'000'000}, std::int64_t{4'294'967'296}, largest_id}) {
      read.expect(fmt::format("/reviews?product_id={}&page={}&count={}", product, page, count),
                  reviews_json(h.expected, product, order::relevant, {page, count}));
      read.expect(fmt::format("/qa/questions?product_id={}&page={}&count={}", product, page, count),
                  questions_json(h.expected, product, {page, count}));
      read.expect(fmt::format("/qa/questions/1/answers?page={}&count={}", page, count),
                  answers_json(h.expected, 1, {page, count}));
    }
  }
}

TEST_CASE("GET /reviews/{id} is one item of the list with its product first", "[contract]") {
  house& h = house::open();
  http_client client = h.connect(1);
  for (const review& r : h.expected.reviews) {
    const http_answer a = client.get(fmt::format("/reviews/{}", r.id));
    const std::optional<std::string> expected = review_json(h.expected, r.id);
    const std::string body = expected.value_or("Error: invalid review id provided");
    if (a.status == (expected ? 200 : 404) && a.body == body) continue;
    INFO("review " << r.id << (r.reported ? ", reported" : ""));
    CHECK(a.status == (expected ? 200 : 404));
    CHECK(a.body == body);
  }
}

TEST_CASE("GET /reviews/{id} of what is no id or not there is 404", "[contract]") {
  house& h = house::open();
  for (const std::string id :
       {"0", "hello", "5.55", "-1", "+1", "1e3", "0x1", "9223372036854775807", "9223372036854775808",
        "99999999999999999999999999", "null", "%20", "1%20", "%001"}) {
    INFO(id);
    const http_answer a = h.get("/reviews/" + id);
    CHECK(a.status == 404);
    CHECK(a.body == "Error: invalid review id provided");
    CHECK(a.header("Content-Type").value_or("").rfind("text/plain", 0) == 0);
  }
}

TEST_CASE("leading zeros of an id count for nothing", "[contract]") {
  house& h = house::open();
  reader read(h);
  const review& r = h.expected.reviews.front();
  const std::int64_t question = h.expected.questions.front().id;
  for (const std::string zeros : {"0", "000", "0000000000000000000000000000000000000000"}) {
    read.expect(fmt::format("/reviews?product_id={}{}", zeros, r.product),
                reviews_json(h.expected, r.product));
    read.expect(fmt::format("/reviews/meta?product_id={}{}", zeros, r.product),
                meta_json(h.expected, r.product));
    read.expect(fmt::format("/qa/questions?product_id={}{}", zeros, r.product),
                questions_json(h.expected, r.product));
    read.expect(fmt::format("/qa/questions/{}{}/answers", zeros, question),
                answers_json(h.expected, question));
    for (const review& shown : h.expected.reviews) {
      if (shown.reported) continue;
      read.expect(fmt::format("/reviews/{}{}", zeros, shown.id), *review_json(h.expected, shown.id));
      break;
    }
  }
  read.expect("/reviews?product_id=1&page=002&count=0003",
              reviews_json(h.expected, 1, order::relevant, {2, 3}));
}

TEST_CASE("GET /qa/questions lists each product's questions with all their answers", "[contract]") {
  house& h = house::open();
  reader read(h);
  for (const std::int64_t product : known_and_unknown_products()) {
    read.expect(fmt::format("/qa/questions?product_id={}", product), questions_json(h.expected, product));
    read.expect(fmt::format("/qa/questions/?product_id={}&count=1000000", product),
                questions_json(h.expected, product, {1, 1'000'000}));
    for (std::int64_t page = 0; page <= 4; ++page) {
      read.expect(fmt::format("/qa/questions?product_id={}&page={}&count=2", product, page),
                  questions_json(h.expected, product, {page, 2}));
    }
  }
}

TEST_CASE("GET /qa/questions/{id}/answers lists the answers, of reported questions too", "[contract]") {
  house& h = house::open();
  reader read(h);
  for (const question& q : h.expected.questions) {
    if (q.product > house::products) continue;  // other cases' own
    read.expect(fmt::format("/qa/questions/{}/answers", q.id), answers_json(h.expected, q.id));
    for (std::int64_t page = 0; page <= 3; ++page) {
      read.expect(fmt::format("/qa/questions/{}/answers/?page={}&count=1", q.id, page),
                  answers_json(h.expected, q.id, {page, 1}));
    }
  }
  for (const std::int64_t unknown : {std::int64_t{88'888'888}, largest_id}) {
    read.expect(fmt::format("/qa/questions/{}/answers", unknown), answers_json(h.expected, unknown));
  }
}

TEST_CASE("GET /qa/questions/{id}/answers of what is no id is 404", "[contract]") {
  house& h = house::open();
  for (const std::string id : {"0", "hello", "5.55", "-1", "null", "9223372036854775808", "%20"}) {
    INFO(id);
    const http_answer a = h.get("/qa/questions/" + id + "/answers");
    CHECK(a.status == 404);
    CHECK(a.body == "Error: invalid question id provided");
  }
}

TEST_CASE("a product_id that is missing or no id is 422 with the live sentence", "[contract]") {
  house& h = house::open();
  const std::vector<std::string> queries = {"",
                                            "?",
                                            "?product_id",
                                            "?product_id=",
                                            "?product_id=0",
                                            "?product_id=000",
                                            "?product_id=hello",
                                            "?product_id=5.55",
                                            "?product_id=5.0",
                                            "?product_id=null",
                                            "?product_id=undefined",
                                            "?product_id=NaN",
                                            "?product_id=-1",
                                            "?product_id=%2B1",
                                            "?product_id=+1",
                                            "?product_id=1+",
                                            "?product_id=%201",
                                            "?product_id=1%20",
                                            "?product_id=1%00",
                                            "?product_id=1e3",
                                            "?product_id=0x10",
                                            "?product_id=1,2",
                                            "?product_id=9223372036854775808",
                                            "?product_id=18446744073709551617",
                                            "?product_id=%D9%A1",
                                            "?Product_id=1",
                                            "?product_id=hello&product_id=1",
                                            "?product_id=&product_id=1",
                                            "?product_id=1%27%20or%201=1--"};
  for (const std::string path : {"/reviews", "/reviews/meta", "/qa/questions"}) {
    for (const std::string& query : queries) {
      INFO(path << query);
      const http_answer a = h.get(path + query);
      CHECK(a.status == 422);
      CHECK(a.body == "Error: invalid product_id provided");
      CHECK(a.header("Content-Type").value_or("").rfind("text/plain", 0) == 0);
    }
  }
}

TEST_CASE("a page or count that is no number is 422 on every list", "[contract]") {
  house& h = house::open();
  const std::vector<std::string> wrong = {"hello", "-1",    "1.5", "5.0",     "1e3",
                                          "%201",  "1+",    "+5",  "0x10",    "9223372036854775808",
                                          "true",  "1%2C2", "nan", "Infinity"};
  for (const std::string path :
       {"/reviews?product_id=1&", "/qa/questions?product_id=1&", "/qa/questions/1/answers?"}) {
    for (const std::string& value : wrong) {
      INFO(path << value);
      const http_answer page = h.get(path + "page=" + value);
      CHECK(page.status == 422);
      CHECK(page.body == "Error: invalid page provided");
      const http_answer count = h.get(path + "count=" + value);
      CHECK(count.status == 422);
      CHECK(count.body == "Error: invalid count provided");
    }
  }
}

TEST_CASE("what frontends send before they know better is the default page and count", "[contract]") {
  house& h = house::open();
  reader read(h);
  const std::int64_t product = h.expected.questions.front().product;
  const std::int64_t question = h.expected.questions.front().id;
  for (const std::string value : {"=NaN", "=undefined", "=null", "=", ""}) {
    for (const std::string name : {"page", "count"}) {
      read.expect(fmt::format("/reviews?product_id={}&{}{}", product, name, value),
                  reviews_json(h.expected, product));
      read.expect(fmt::format("/qa/questions?product_id={}&{}{}", product, name, value),
                  questions_json(h.expected, product));
      read.expect(fmt::format("/qa/questions/{}/answers?{}{}", question, name, value),
                  answers_json(h.expected, question));
    }
  }
}

TEST_CASE("an unknown sort is relevant", "[contract]") {
  house& h = house::open();
  reader read(h);
  for (std::int64_t product = 1; product < 40; ++product) {
    for (const std::string sort :
         {"", "=", "=best", "=Newest", "=HELPFUL", "=newest%20", "=null", "=newest,helpful"}) {
      read.expect(fmt::format("/reviews?product_id={}&sort{}", product, sort),
                  reviews_json(h.expected, product));
    }
  }
}

TEST_CASE("of a repeated query parameter the first counts and an unknown one is ignored", "[contract]") {
  house& h = house::open();
  reader read(h);
  read.expect("/reviews?product_id=1&product_id=2", reviews_json(h.expected, 1));
  read.expect("/reviews?product_id=1&product_id=hello", reviews_json(h.expected, 1));
  read.expect("/reviews?count=2&product_id=1&count=3&page=1&page=x&sort=newest&sort=helpful",
              reviews_json(h.expected, 1, order::newest, {1, 2}));
  read.expect("/reviews?utm_source=x&&=&a=b=c&product_id=1&_=1595884714409", reviews_json(h.expected, 1));
  read.expect("/qa/questions?foo=bar&product_id=2&product_id=1", questions_json(h.expected, 2));
  read.expect("/reviews/meta?product_id=3&foo&product_id=1", meta_json(h.expected, 3));
}

TEST_CASE("a percent-encoded query means what it encodes", "[contract]") {
  house& h = house::open();
  reader read(h);
  read.expect("/reviews?product%5Fid=%31&%73ort=%6Eewest&count=%32",
              reviews_json(h.expected, 1, order::newest, {1, 2}));
}

}  // namespace atelier::test
