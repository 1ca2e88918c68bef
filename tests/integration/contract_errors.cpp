// What an error says, in plain text and as problem details, and what no answer may say.
#include "contract_house.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <set>

namespace atelier::test {
namespace {

using names = std::set<std::string>;

const http_headers wants_problem = {{"Accept", "application/problem+json"}};

// An RFC 9457 answer whose members agree with the status line.
json check_problem(const http_answer& a, int status) {
  CHECK(a.status == status);
  CHECK(header(a, "Content-Type").rfind("application/problem+json", 0) == 0);
  check_cors(a);
  json j(a.body);
  CHECK(std::int64_t(j["/status"].get_int64()) == status);
  CHECK_FALSE(std::string_view(j["/title"].get_string()).empty());
  return j;
}

std::set<std::string> blamed(const json& j) {
  std::set<std::string> fields;
  if (!j.has("/errors")) return fields;
  for (const auto error : simdjson::dom::array(j["/errors"].get_array())) {
    fields.emplace(std::string_view(error["field"].get_string()));
    CHECK_FALSE(std::string_view(error["reason"].get_string()).empty());
  }
  return fields;
}

}  // namespace

TEST_CASE("errors are one plain line without a trace of what is inside", "[contract]") {
  house& h = house::open();
  const std::vector<http_answer> errors = {h.get("/nowhere"),
                                           h.send("DELETE", "/reviews"),
                                           h.post("/reviews", "{"),
                                           h.post("/reviews", "{}"),
                                           h.get("/reviews?product_id=1%27;select%20pg_sleep(1)--"),
                                           h.get("/qa/questions/%00/answers"),
                                           h.post("/reviews", "{}", {{"Content-Type", "text/html"}}),
                                           h.post("/reviews", std::string(262'145, 'x')),
                                           h.get("/reviews", wants_problem),
                                           h.get("/nowhere", wants_problem)};
  for (const http_answer& a : errors) {
    INFO(a.status << " " << a.body);
    CHECK(a.status >= 400);
    std::string all = a.body;
    for (const auto& [name, value] : a.headers) all += "\n" + name + ": " + value;
    for (const std::string inside : {"select", "SELECT", "insert", ".cpp", ".hpp", "/usr", "/home", "/tmp",
                                     "postgres", "0.1.0", "libpq", "simdjson", "Boost", "Beast"}) {
      CHECK_THAT(all, !Catch::Contains(inside));
    }
  }
}

TEST_CASE("a client that accepts problem+json gets problem details for every error", "[contract]") {
  house& h = house::open();
  const auto post = [&h](const std::string& path, const std::string& body, http_headers more = {}) {
    more.insert(more.end(), wants_problem.begin(), wants_problem.end());
    return h.post(path, body, more);
  };
  check_problem(h.get("/nowhere", wants_problem), 404);
  check_problem(h.get("/reviews/88888888", wants_problem), 404);
  check_problem(h.send("PUT", "/qa/answers/x/helpful", wants_problem), 404);
  const http_answer wrong_method = h.send("DELETE", "/reviews", wants_problem);
  check_problem(wrong_method, 405);
  CHECK_THAT(header(wrong_method, "Allow"), Catch::Contains("GET"));
  check_problem(post("/reviews", "{"), 400);
  check_problem(post("/reviews", "\"\xff\""), 400);
  check_problem(post("/reviews", std::string(262'145, 'x')), 413);
  check_problem(post("/reviews", "{}", {{"Content-Type", "text/html"}}), 415);
  check_problem(post("/qa/questions/88888888/answers", "{}"), 404);
  CHECK(blamed(check_problem(h.get("/reviews", wants_problem), 422)) == names{"product_id"});
  CHECK(blamed(check_problem(h.get("/reviews?product_id=1&page=x", wants_problem), 422)) == names{"page"});
  CHECK(blamed(check_problem(h.get("/qa/questions?product_id=1&count=x", wants_problem), 422)) ==
        names{"count"});
}

TEST_CASE("problem details name each field that is to blame", "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  const auto blame = [&h](const std::string& path, const std::string& body) {
    const http_answer a = h.post(path, body, wants_problem);
    INFO(a.body);
    CHECK_THAT(a.body, !Catch::Contains("a@b"));
    return blamed(check_problem(a, 422));
  };
  const members review = valid_review(product);
  CHECK(blame("/reviews", review.with("rating", "6").text()) == names{"rating"});
  CHECK(blame("/reviews", review.with("rating", "6").with("name", "\"\"").without("email").text()) ==
        names{"rating", "name", "email"});
  CHECK(blame("/reviews", review.with("email", "\"a@b@c\"").text()) == names{"email"});
  CHECK(blame("/reviews", review.with("summary", "5").with("recommend", "7").text()) ==
        names{"summary", "recommend"});
  CHECK(blame("/reviews", "{}") == names{"product_id", "rating", "body", "recommend", "name", "email"});
  CHECK(blame("/qa/questions", "{}") == names{"product_id", "body", "name", "email"});
  CHECK(blame("/qa/questions", valid_question(product).with("body", "\" \"").text()) == names{"body"});
  const http_answer key = h.post(
      "/reviews", "{}", {{"Idempotency-Key", std::string(256, 'k')}, {"Accept", "application/problem+json"}});
  check_problem(key, 422);
}

TEST_CASE("problem details are for those who name them", "[contract]") {
  house& h = house::open();
  for (const std::string accept :
       {"application/problem+json", "Application/Problem+JSON", "text/html, application/problem+json;q=0.5",
        "application/json,application/problem+json", "application/problem+json; charset=utf-8"}) {
    INFO(accept);
    check_problem(h.get("/reviews", {{"Accept", accept}}), 422);
  }
  for (const std::string accept :
       {"*/*", "application/json", "text/plain", "application/*", "", "application/problem+xml"}) {
    INFO(accept);
    CHECK(h.get("/reviews", {{"Accept", accept}}).body == "Error: invalid product_id provided");
  }
  // A success is what it is.
  CHECK(h.get("/reviews?product_id=2", wants_problem).body == reviews_json(h.expected, 2));
}

TEST_CASE("an e-mail address is in no answer, no header and no log line", "[contract]") {
  house& h = house::open();
  const std::string secret = "very-private-reader";
  const std::string address = "\"" + secret + "@mail.example\"";
  const std::int64_t product = h.fresh_product();
  const members review = valid_review(product).with("email", address);
  std::vector<http_answer> answers;
  answers.push_back(h.post("/reviews", review.text()));
  answers.push_back(h.get(location_of(answers.back())));
  answers.push_back(h.get(fmt::format("/reviews?product_id={}", product)));
  answers.push_back(h.get(fmt::format("/reviews/meta?product_id={}", product)));
  answers.push_back(h.post("/qa/questions", valid_question(product).with("email", address).text()));
  answers.push_back(h.get(fmt::format("/qa/questions?product_id={}", product)));
  const std::int64_t question = json(answers.back().body)["/results/0/question_id"].get_int64();
  const std::string path = fmt::format("/qa/questions/{}/answers", question);
  answers.push_back(h.post(path, valid_answer().with("email", address).text()));
  answers.push_back(h.get(path));
  answers.push_back(h.get(fmt::format("/qa/questions?product_id={}", product)));
  for (const http_headers& accept : {http_headers{}, wants_problem}) {
    answers.push_back(h.post("/reviews", review.with("rating", "9").text(), accept));
    answers.push_back(h.post("/reviews", review.with("email", "\"@" + secret + "\"").text(), accept));
    answers.push_back(h.post("/reviews", review.with(secret, "1").text() + "}", accept));
    answers.push_back(h.post("/reviews", review.text(), {{"Content-Type", "text/html"}}));
    answers.push_back(h.get("/reviews?product_id=" + secret + "@mail.example", accept));
    answers.push_back(h.get("/" + secret + "@mail.example", accept));
  }
  for (const http_answer& a : answers) {
    CHECK_THAT(a.body, !Catch::Contains(secret));
    for (const auto& [name, value] : a.headers) CHECK_THAT(value, !Catch::Contains(secret));
  }
  CHECK_THAT(h.logs(), !Catch::Contains(secret));
  CHECK_THAT(h.logs(), !Catch::Contains("@example.com"));
}

}  // namespace atelier::test
