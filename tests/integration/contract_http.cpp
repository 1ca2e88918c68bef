// What HTTP promises on every route: methods, CORS, HEAD, entity tags, error forms.
#include "contract_house.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <set>

namespace atelier::test {
namespace {

using names = std::set<std::string>;

struct route {
  std::string target;
  std::set<std::string> methods;  // besides OPTIONS
};

// Every route of the contract, on something that exists.
const std::vector<route> routes = {{"/reviews", {"GET", "HEAD", "POST"}},
                                   {"/reviews/meta", {"GET", "HEAD"}},
                                   {"/reviews/1", {"GET", "HEAD"}},
                                   {"/reviews/1/helpful", {"PUT"}},
                                   {"/reviews/1/report", {"PUT"}},
                                   {"/qa/questions", {"GET", "HEAD", "POST"}},
                                   {"/qa/questions/1/answers", {"GET", "HEAD", "POST"}},
                                   {"/qa/questions/1/helpful", {"PUT"}},
                                   {"/qa/questions/1/report", {"PUT"}},
                                   {"/qa/answers/1/helpful", {"PUT"}},
                                   {"/qa/answers/1/report", {"PUT"}}};

const std::vector<std::string> reads = {
    "/reviews?product_id=2",      "/reviews?product_id=2&sort=newest&count=3",
    "/reviews/meta?product_id=2", "/qa/questions?product_id=2",
    "/qa/questions/1/answers",    "/reviews?product_id=999999999"};

std::set<std::string> words_of(const std::string& list) {
  std::set<std::string> out;
  std::string word;
  for (const char c : list + ",") {
    if (c == ',') {
      if (!word.empty()) out.insert(std::exchange(word, {}));
    } else if (c != ' ') {
      word += c;
    }
  }
  return out;
}

std::string shown_review(const house& h) {
  for (const review& r : h.expected.reviews) {
    if (!r.reported) return fmt::format("/reviews/{}", r.id);
  }
  throw std::runtime_error("the sample shows no review");
}

}  // namespace

TEST_CASE("every answer carries the two CORS headers", "[contract]") {
  house& h = house::open();
  const std::string etag = header(h.get(reads[0]), "ETag");
  const std::string body = valid_review(h.fresh_product()).text();
  const std::vector<std::pair<int, http_answer>> answers = {
      {200, h.get(reads[0])},
      {200, h.send("HEAD", reads[0])},
      {304, h.get(reads[0], {{"If-None-Match", etag}})},
      {201, h.post("/reviews", body)},
      {204, h.put(location_of(h.post("/reviews", body)) + "/report")},
      {204, h.send("OPTIONS", "/reviews")},
      {400, h.post("/reviews", "{")},
      {404, h.get("/nowhere")},
      {404, h.put("/reviews/88888888/helpful")},
      {405, h.send("DELETE", "/reviews")},
      {413, h.post("/reviews", std::string(262'145, 'x'))},
      {415, h.post("/reviews", body, {{"Content-Type", "text/html"}})},
      {422, h.get("/reviews")},
      {422, h.post("/reviews", "{}")},
      {200, h.get("/ready")},
      {200, h.get("/live")}};
  for (const auto& [status, answer] : answers) {
    INFO(answer.status << " " << answer.body.substr(0, 80));
    CHECK(answer.status == status);
    check_cors(answer);
  }
  http_client client = h.connect();
  client.send("GET / HTTP/1.1\r\nHost: t\r\nContent-Length: x\r\n\r\n");
  const http_answer broken = client.read();
  CHECK(broken.status == 400);
  if (!h.through_proxy()) check_cors(broken);
}

TEST_CASE("OPTIONS on a known path is 204 with Allow, and answers a preflight", "[contract]") {
  house& h = house::open();
  for (const route& r : routes) {
    for (const std::string& target : {r.target, r.target + "/", r.target + "?product_id=1"}) {
      INFO(target);
      const http_answer a = h.send("OPTIONS", target,
                                   {{"Origin", "https://shop.example"},
                                    {"Access-Control-Request-Method", "POST"},
                                    {"Access-Control-Request-Headers", "content-type,idempotency-key"}});
      CHECK(a.status == 204);
      CHECK(a.body.empty());
      names allowed = r.methods;
      allowed.insert("OPTIONS");
      CHECK(words_of(header(a, "Allow")) == allowed);
      CHECK(words_of(header(a, "Access-Control-Allow-Methods")) == names{"GET", "HEAD", "POST", "PUT"});
      CHECK(words_of(header(a, "Access-Control-Allow-Headers")) ==
            names{"Authorization", "Content-Type", "Idempotency-Key", "If-None-Match"});
      CHECK_THAT(header(a, "Access-Control-Max-Age"), Catch::Matchers::Matches("[1-9][0-9]*"));
      check_cors(a);
    }
  }
  CHECK(h.send("OPTIONS", "/nowhere").status == 404);
}

TEST_CASE("a wrong method on a known path is 405 with Allow", "[contract]") {
  house& h = house::open();
  for (const route& r : routes) {
    for (const std::string method : {"GET", "POST", "PUT", "DELETE", "PATCH", "PROPFIND", "get"}) {
      if (r.methods.count(method) != 0) continue;
      INFO(method << " " << r.target);
      const http_answer a = h.send(method, r.target);
      CHECK(a.status == 405);
      CHECK(a.body.rfind("Error: ", 0) == 0);
      names allowed = r.methods;
      allowed.insert("OPTIONS");
      CHECK(words_of(header(a, "Allow")) == allowed);
    }
  }
}

TEST_CASE("an unknown path is 404 for every method", "[contract]") {
  house& h = house::open();
  for (const std::string path : {"/",
                                 "/nowhere",
                                 "/review",
                                 "/reviewss",
                                 "/REVIEWS",
                                 "/reviews/1/helpful/2",
                                 "/reviews/1/unhelpful",
                                 "/reviews/meta/1",
                                 "/reviews/1/Helpful",
                                 "/qa",
                                 "/qa/",
                                 "/qa/answers",
                                 "/qa/answers/1",
                                 "/qa/questions/1",
                                 "/qa/questions/1/answers/1",
                                 "/qa/questions/1/helpful/1",
                                 "/favicon.ico",
                                 "/metrics",
                                 "/reviews/1/",
                                 "/reviews.json",
                                 "/products/1",
                                 "/reviewsmeta",
                                 "/qa/question/1/helpful",
                                 "/index.html"}) {
    for (const std::string method : {"GET", "POST", "PUT", "DELETE"}) {
      if (std::string(path) == "/reviews/1/") continue;  // a trailing slash is the same route
      INFO(method << " " << path);
      const http_answer a = h.send(method, path);
      CHECK(a.status == 404);
      CHECK(a.body.rfind("Error: ", 0) == 0);
      CHECK(a.body.find('\n') == std::string::npos);
      CHECK(header(a, "Content-Type").rfind("text/plain", 0) == 0);
    }
  }
}

TEST_CASE("a trailing slash is the same route everywhere", "[contract]") {
  house& h = house::open();
  const std::string one = shown_review(h);
  CHECK(h.get(one + "/").body == h.get(one).body);
  CHECK(h.get("/reviews/?product_id=2").body == h.get("/reviews?product_id=2").body);
  CHECK(h.get("/reviews/meta/?product_id=2").body == h.get("/reviews/meta?product_id=2").body);
  CHECK(h.get("/qa/questions/?product_id=2").body == h.get("/qa/questions?product_id=2").body);
  CHECK(h.get("/qa/questions/1/answers/").body == h.get("/qa/questions/1/answers").body);
  CHECK(h.send("DELETE", "/reviews/").status == 405);
  CHECK(h.get("/reviews/").body == "Error: invalid product_id provided");
}

TEST_CASE("JSON is declared as UTF-8, its length told", "[contract]") {
  house& h = house::open();
  for (const std::string& target : reads) {
    const http_answer a = h.get(target);
    CHECK(header(a, "Content-Type") == "application/json; charset=utf-8");
    CHECK(header(a, "Content-Length") == std::to_string(a.body.size()));
  }
}

TEST_CASE("Authorization is accepted and ignored", "[contract]") {
  house& h = house::open();
  for (const std::string value : {"ghp_0123456789", "Bearer x.y.z", "Basic !!!", ""}) {
    CHECK(h.get("/reviews?product_id=2", {{"Authorization", value}}).body == reviews_json(h.expected, 2));
    CHECK(h.post("/reviews", valid_review(h.fresh_product()).text(), {{"Authorization", value}}).status ==
          201);
  }
}

TEST_CASE("HEAD answers as GET without the body", "[contract]") {
  house& h = house::open();
  std::vector<std::string> targets = reads;
  for (const std::string more :
       {"/reviews", "/reviews/88888888", "/nowhere", "/live", "/qa/questions/x/answers"}) {
    targets.push_back(more);
  }
  targets.push_back(shown_review(h));
  for (const std::string& target : targets) {
    INFO(target);
    const http_answer get = h.get(target);
    // A GET behind it on the same connection proves that no byte of a body was sent.
    http_client client = h.connect(1);
    client.send(
        fmt::format("HEAD {0} HTTP/1.1\r\nHost: t\r\n\r\nGET {0} HTTP/1.1\r\nHost: t\r\n\r\n", target));
    const http_answer head = client.read(true);
    CHECK(head.status == get.status);
    CHECK(head.body.empty());
    for (const std::string name : {"Content-Type", "Content-Length", "ETag", "Access-Control-Allow-Origin"}) {
      CHECK(header(head, name) == header(get, name));
    }
    CHECK(client.read().body == get.body);
  }
  CHECK(h.send("HEAD", "/reviews/1/helpful").status == 405);
}

TEST_CASE("a GET has a strong ETag that every worker agrees on and that changes with the bytes",
          "[contract]") {
  house& h = house::open();
  std::vector<std::string> targets = reads;
  targets.push_back(shown_review(h));
  std::map<std::string, std::string> bodies;
  for (const std::string& target : targets) {
    INFO(target);
    const http_answer a = h.get(target, {}, 0);
    const std::string etag = header(a, "ETag");
    CHECK_THAT(etag, Catch::Matchers::Matches("\"[!#-~]+\""));
    CHECK(header(h.get(target, {}, 1), "ETag") == etag);
    const auto [other, is_new] = bodies.emplace(etag, a.body);
    CHECK(other->second == a.body);
  }
  const std::string target = shown_review(h);
  const std::string before = header(h.get(target), "ETag");
  REQUIRE(h.put(target + "/helpful", 1).status == 204);
  ++h.expected.review_of(std::stoll(target.substr(9))).helpfulness;
  const http_answer after = h.get(target, {{"If-None-Match", before}});
  CHECK(after.status == 200);
  CHECK(header(after, "ETag") != before);
}

TEST_CASE("If-None-Match is 304 without a body when the answer is still the same", "[contract]") {
  house& h = house::open();
  std::vector<std::string> targets = reads;
  targets.push_back(shown_review(h));
  for (const std::string& target : targets) {
    const std::string etag = header(h.get(target), "ETag");
    for (const std::string& value : {etag, "W/" + etag, std::string("*"), "\"other\", " + etag,
                                     etag + ",\"other\"", "\"a,b\" ,, W/" + etag + " "}) {
      INFO(target << " " << value);
      http_client client = h.connect(1);
      client.send(
          fmt::format("GET {0} HTTP/1.1\r\nHost: t\r\nIf-None-Match: {1}\r\n\r\n"
                      "HEAD {0} HTTP/1.1\r\nHost: t\r\nIf-None-Match: {1}\r\n\r\n"
                      "GET /live HTTP/1.1\r\nHost: t\r\n\r\n",
                      target, value));
      for (int i = 0; i < 2; ++i) {
        const http_answer a = client.read(true);
        CHECK(a.status == 304);
        CHECK(header(a, "ETag") == etag);
        check_cors(a);
      }
      CHECK(client.read().status == 200);  // nothing between them
    }
    for (const std::string& value : {std::string("\"other\""), etag.substr(1, etag.size() - 2),
                                     std::string("W/\"\""), std::string("garbage"), std::string("")}) {
      INFO(target << " " << value);
      CHECK(h.get(target, {{"If-None-Match", value}}).status == 200);
    }
  }
  // Several fields are one list.
  const std::string etag = header(h.get(reads[0]), "ETag");
  CHECK(h.get(reads[0], {{"If-None-Match", "\"other\""}, {"If-None-Match", etag}}).status == 304);
  CHECK(h.get("/openapi.json", {{"If-None-Match", "\"other\""}, {"If-None-Match", "*"}}).status == 304);
  CHECK(h.get(reads[0], {{"If-None-Match", "\"other\""}, {"If-None-Match", "\"more\""}}).status == 200);
  // Errors have no tag to match.
  CHECK(h.get("/reviews", {{"If-None-Match", "*"}}).status == 422);
}

}  // namespace atelier::test
