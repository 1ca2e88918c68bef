// What the members of a POST's body may be: each rule with what is just inside and just outside of it.
#include "contract_house.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace atelier::test {
namespace {

// The raw JSON of one member's value; empty: the member is left out.
struct cases {
  std::string member;
  std::vector<std::string> valid;
  std::vector<std::string> invalid;
};

std::string quoted(const std::string& text) { return '"' + text + '"'; }

// Text of min..max code points, blanks alone not counting.
cases required_text(const std::string& member, int max) {
  return {member,
          {R"("x")", R"(" x ")", R"("\u00a0")", R"("\u200b")", "\"\xC2\xA0\"", quoted(repeated("x", max)),
           quoted(repeated("👟", max)), quoted(repeated("\\ud83d\\udc5f", max)), R"("null")", R"("\u0001")",
           R"("\n.")"},
          {"",
           "null",
           R"("")",
           R"(" ")",
           R"("\t\r\n ")",
           R"("\u0020\u0009")",
           quoted(repeated("x", max + 1)),
           quoted(repeated("é", max + 1)),
           quoted(" " + repeated("x", max)),
           "5",
           "true",
           "[]",
           "{}",
           R"(["x"])",
           R"("a\u0000b")",
           R"("\u0000")",
           R"("\ud800")",
           R"("\udc00")",
           R"("\udc5f\ud83d")",
           R"("\ud83dx")",
           R"("\ud83d\u0041")"}};
}

const cases email{"email",
                  {R"("a@b")", R"("user@localhost")", R"("bücher@münchen.example")", R"("a+b.c@d.e.f")",
                   R"("\u0061@b")", R"("a\u00a0@b")", R"("a\u2003b@c")", quoted(repeated("x", 252) + "@b"),
                   quoted(repeated("é", 252) + "@b")},
                  {"",
                   "null",
                   R"("")",
                   R"("a")",
                   R"("@")",
                   R"("a@")",
                   R"("@b")",
                   R"("a@b@c")",
                   R"("a@@b")",
                   R"("a b@c")",
                   R"("a@b ")",
                   R"(" a@b")",
                   R"("a@b\tc")",
                   R"("a@b\n")",
                   R"("a\u0001@b")",
                   R"("a@\u007f")",
                   R"("a\u0085@b")",
                   "\"a\xC2\x9f@b\"",
                   R"("a@b\u0000")",
                   R"("\ud800@b")",
                   "5",
                   "true",
                   "[]",
                   "{}",
                   R"(["a@b"])",
                   quoted(repeated("x", 253) + "@b")}};

cases product_id(std::int64_t fresh) {
  const std::string id = std::to_string(fresh);
  return {"product_id",
          {id, quoted(id), quoted("000" + id), id + ".0", id + ".000", "9223372036854775807",
           R"("9223372036854775807")"},
          {"",
           "null",
           "0",
           R"("0")",
           R"("000")",
           "-1",
           R"("-1")",
           R"("+1")",
           "5.55",
           R"("5.55")",
           R"("5.0")",
           R"("1e0")",
           R"("")",
           R"(" 1")",
           R"("1 ")",
           R"("hello")",
           R"("1\u0000")",
           "true",
           "[]",
           "[1]",
           "{}",
           "9223372036854775808",
           R"("9223372036854775808")",
           "18446744073709551617",
           "1e30",
           "-1e30",
           "1e400",
           "-0",
           "0.0",
           "1e-400",
           "100000000000000000000000000000000000001",
           R"("٣")"}};
}

const cases photos{"photos",
                   {"",
                    "null",
                    "[]",
                    R"(["", null])",
                    R"(["http://a"])",
                    R"(["https://a.example/x.jpg?y=z#w"])",
                    R"(["HTTPS://A"])",
                    R"(["hTTp://a"])",
                    R"(["//cdn.example/x"])",
                    R"(["/x.jpg"])",
                    R"(["x.jpg"])",
                    R"(["../x.jpg"])",
                    R"(["a/b:c"])",
                    R"(["?a:b"])",
                    R"(["#a:b"])",
                    R"(["./C:/x"])",
                    R"(["https://a/ü👟"])",
                    R"(["https://a/\"<>\\|{}'"])",
                    R"(["https://[::1]:8080/x"])",
                    R"(["https://user@a/x"])",
                    R"(["https://user@b@a"])",
                    R"([{"url":null}])",
                    R"([{"url":"https://a"}])",
                    R"([{"id":"x","url":"https://a","other":[{}]}])",
                    R"([{"url":""}])",
                    R"([{"url":" \t"}])",
                    R"([" ", "\n"])",
                    R"(["https:\/\/a"])",
                    "[" + repeated(R"("https://a",)", 9) + R"("https://a"])",
                    "[" + repeated(R"("",)", 50) + R"("https://a"])",
                    "[\"https://a/" + repeated("x", 2038) + "\"]",
                    "[\"https://a/" + repeated("é", 2038) + "\"]"},
                   {"5",
                    "true",
                    R"("https://a")",
                    "{}",
                    R"({"url":"https://a"})",
                    "[5]",
                    "[true]",
                    "[[]]",
                    R"([["https://a"]])",
                    "[{}]",
                    R"([{"link":"https://a"}])",
                    R"([{"url":5}])",
                    R"([{"url":"data:x"}])",
                    R"(["data:image/png;base64,AAAA"])",
                    R"(["DATA:x"])",
                    R"(["blob:https://a/1"])",
                    R"x(["javascript:alert(1)"])x",
                    R"x(["JaVaScRiPt:alert(1)"])x",
                    R"(["ftp://a/x"])",
                    R"(["file:///etc/x"])",
                    R"(["mailto:a@b"])",
                    R"(["C:/x.jpg"])",
                    R"(["C:\\x.jpg"])",
                    R"(["a+b-c.1:x"])",
                    R"(["https:"])",
                    R"(["https://"])",
                    R"(["http:///x"])",
                    R"(["https:x"])",
                    R"(["https:/x"])",
                    R"(["https://?x"])",
                    R"(["https://#x"])",
                    R"(["https://:80/x"])",
                    R"(["https://a b"])",
                    R"([" https://a"])",
                    R"(["https://a "])",
                    R"(["https://a\n"])",
                    R"(["https://a\tb"])",
                    R"(["https://a\u0001"])",
                    R"(["https://a\u007f"])",
                    R"(["https://a\u0080"])",
                    R"(["https://user@"])",
                    R"(["https://user@:80"])",
                    R"(["https://a\u0000"])",
                    R"(["\u0000"])",
                    R"(["https://a/\ud800"])",
                    R"(["java\nscript:x"])",
                    R"(["https://a", "ftp://b"])",
                    R"([{"url":"https://a","url":"https://b"}])",
                    "[" + repeated(R"("https://a",)", 10) + R"("https://a"])",
                    "[\"https://a/" + repeated("x", 2039) + "\"]"}};

// Every case must end as it should, and the wrong ones with the sentence of their kind.
void hold(house& h, const std::string& path, const members& base, const cases& c,
          const std::string& sentence) {
  const auto answer = [&](const std::string& raw) {
    const members changed = raw.empty() ? base.without(c.member) : base.with(c.member, raw);
    return h.post(path, changed.text());
  };
  for (const std::string& raw : c.valid) {
    INFO(path << " " << c.member << ": " << raw.substr(0, 100));
    const http_answer a = answer(raw);
    CHECK(a.status == 201);
    CHECK(a.body == "Created");
  }
  for (const std::string& raw : c.invalid) {
    INFO(path << " " << c.member << ": " << raw.substr(0, 100));
    const http_answer a = answer(raw);
    CHECK(a.status == 422);
    CHECK(a.body == sentence);
    CHECK(a.header("Content-Type").value_or("").rfind("text/plain", 0) == 0);
  }
}

std::int64_t some_question(house& h) {
  return h.post_question({.product = h.fresh_product(), .body = "why?", .name = "asker"});
}

const std::string review_sentence = "Error: Review body contains invalid entries";
const std::string question_sentence = "Error: Question body contains invalid entries";
const std::string answer_sentence = "Error: Answer body contains invalid entries";

}  // namespace

TEST_CASE("POST /reviews: product_id is an id", "[contract]") {
  house& h = house::open();
  hold(h, "/reviews", valid_review(1), product_id(h.fresh_product()), review_sentence);
}

TEST_CASE("POST /reviews: rating is 1 to 5", "[contract]") {
  house& h = house::open();
  const cases rating{"rating",
                     {"1", "2", "3", "4", "5", "5.0", "1.00", R"("1")", R"("5")", R"("05")"},
                     {"",           "null",
                      "0",          "6",
                      "-1",         "4.5",
                      "5.0000001",  R"("0")",
                      R"("6")",     R"("4.5")",
                      R"("5.0")",   R"("")",
                      R"(" 5")",    R"("five")",
                      R"("+5")",    "true",
                      "[]",         "[5]",
                      "{}",         "1e9",
                      "4294967297", "18446744073709551617",
                      "1e400"}};
  hold(h, "/reviews", valid_review(h.fresh_product()), rating, review_sentence);
}

TEST_CASE("POST /reviews: a number with an exponent is the number that it is", "[contract]") {
  house& h = house::open();
  const cases rating{"rating", {"5e0", "5E+0", "50e-1", "0.5e1"}, {"5e1", "5e-1", "1e-1"}};
  hold(h, "/reviews", valid_review(h.fresh_product()), rating, review_sentence);
}

TEST_CASE("POST /reviews: summary is at most 255 code points and may be missing", "[contract]") {
  house& h = house::open();
  const cases summary{"summary",
                      {"", "null", R"("")", R"("  ")", R"("x")", quoted(repeated("x", 255)),
                       quoted(repeated("👟", 255)), R"("\u0001")"},
                      {quoted(repeated("x", 256)), quoted(repeated("é", 256)), "5", "true", "false", "[]",
                       "{}", R"("\u0000")", R"("\ud800")"}};
  hold(h, "/reviews", valid_review(h.fresh_product()), summary, review_sentence);
}

TEST_CASE("POST /reviews: body is 1 to 10000 code points", "[contract]") {
  house& h = house::open();
  hold(h, "/reviews", valid_review(h.fresh_product()), required_text("body", 10'000), review_sentence);
}

TEST_CASE("POST /reviews: recommend is a boolean", "[contract]") {
  house& h = house::open();
  const cases recommend{"recommend",
                        {"true", "false", R"("true")", R"("false")", "0", "1", "1.0", R"("0")", R"("01")"},
                        {"", "null", "2", "-1", "0.5", R"("yes")", R"("")", R"(" true")", R"("truee")",
                         R"("2")", "[]", "[true]", "{}"}};
  hold(h, "/reviews", valid_review(h.fresh_product()), recommend, review_sentence);
}

TEST_CASE("POST /reviews: name is 1 to 60 code points", "[contract]") {
  house& h = house::open();
  hold(h, "/reviews", valid_review(h.fresh_product()), required_text("name", 60), review_sentence);
}

TEST_CASE("POST /reviews: email is an address", "[contract]") {
  house& h = house::open();
  hold(h, "/reviews", valid_review(h.fresh_product()), email, review_sentence);
}

TEST_CASE("POST /reviews: photos are at most ten URLs", "[contract]") {
  house& h = house::open();
  hold(h, "/reviews", valid_review(h.fresh_product()), photos, review_sentence);
}

TEST_CASE("POST /reviews: characteristics are the product's own, rated 1 to 5", "[contract]") {
  house& h = house::open();
  const characteristic own = h.some_characteristic();
  std::int64_t foreign = 0;
  std::int64_t unnamed = 0;
  for (const characteristic& c : h.expected.characteristics) {
    if (c.product != own.product && c.name) foreign = c.id;
    if (!c.name) unnamed = c.id;
  }
  REQUIRE(foreign != 0);
  const std::string id = std::to_string(own.id);
  const cases c{"characteristics",
                {},
                {fmt::format(R"({{"{}":0}})", id),
                 fmt::format(R"({{"{}":6}})", id),
                 fmt::format(R"({{"{}":4.5}})", id),
                 fmt::format(R"({{"{}":""}})", id),
                 fmt::format(R"({{"{}":"x"}})", id),
                 fmt::format(R"({{"{}":true}})", id),
                 fmt::format(R"({{"{}":[5]}})", id),
                 fmt::format(R"({{"{}":{{"value":5}}}})", id),
                 fmt::format(R"({{"{0}":5,"{0}":5}})", id),
                 fmt::format(R"({{"{0}":5,"{1}":5}})", id, foreign),
                 fmt::format(R"({{"{}":5}})", foreign),
                 R"({"9223372036854775807":5})",
                 R"({"9223372036854775808":5})",
                 R"({"":5})",
                 R"({"0":5})",
                 R"({"-1":5})",
                 R"({"Fit":5})",
                 fmt::format(R"({{"{}.0":5}})", id),
                 fmt::format(R"({{" {}":5}})", id),
                 fmt::format(R"([{}])", id),
                 "[]",
                 "5",
                 "true",
                 R"("x")",
                 R"("")"}};
  hold(h, "/reviews", valid_review(own.product), c, review_sentence);
  // Nothing of these was written, neither a review nor a mean.
  CHECK(h.get(fmt::format("/reviews/meta?product_id={}", own.product)).body ==
        meta_json(h.expected, own.product));
  CHECK(h.get(fmt::format("/reviews?product_id={}&count=1000000", own.product)).body ==
        reviews_json(h.expected, own.product, order::relevant, {1, 1'000'000}));

  if (unnamed != 0) {  // loaded, but neither shown nor rated
    std::int64_t product = 0;
    for (const characteristic& of : h.expected.characteristics)
      product = of.id == unnamed ? of.product : product;
    hold(h, "/reviews", valid_review(product),
         {"characteristics", {}, {fmt::format(R"({{"{}":5}})", unnamed)}}, review_sentence);
  }
  // A product that nobody has loaded has none.
  hold(h, "/reviews", valid_review(h.fresh_product()),
       {"characteristics", {"", "null", "{}"}, {R"({"1":5})"}}, review_sentence);
}

TEST_CASE("POST /qa/questions holds each member to its rule", "[contract]") {
  house& h = house::open();
  const members base = valid_question(h.fresh_product());
  hold(h, "/qa/questions", base, required_text("body", 1000), question_sentence);
  hold(h, "/qa/questions", base, required_text("name", 60), question_sentence);
  hold(h, "/qa/questions", base, email, question_sentence);
  hold(h, "/qa/questions", base, product_id(h.fresh_product()), question_sentence);
}

TEST_CASE("POST /qa/questions/{id}/answers holds each member to its rule", "[contract]") {
  house& h = house::open();
  const std::string path = fmt::format("/qa/questions/{}/answers", some_question(h));
  hold(h, path, valid_answer(), required_text("body", 1000), answer_sentence);
  hold(h, path, valid_answer(), required_text("name", 60), answer_sentence);
  hold(h, path, valid_answer(), email, answer_sentence);
  hold(h, path, valid_answer(), photos, answer_sentence);
}

TEST_CASE("a known member given twice is invalid, even with the same value or an escaped name",
          "[contract]") {
  house& h = house::open();
  const std::string answers = fmt::format("/qa/questions/{}/answers", some_question(h));
  const auto twice = [](const std::string& body, const std::string& member) {
    return body.substr(0, body.size() - 1) + "," + member + "}";
  };
  const std::int64_t product = h.fresh_product();
  const std::vector<std::tuple<std::string, std::string, std::string>> bodies = {
      {"/reviews", twice(valid_review(product).text(), R"("rating":4)"), review_sentence},
      {"/reviews", twice(valid_review(product).text(), R"("rating":null)"), review_sentence},
      {"/reviews", twice(valid_review(product).text(), R"("r\u0061ting":4)"), review_sentence},
      {"/reviews", twice(valid_review(product).text(), R"("photos":[])"), review_sentence},
      {"/reviews", twice(valid_review(product).text(), R"("characteristics":null)"), review_sentence},
      {"/qa/questions", twice(valid_question(product).text(), R"("name":"asker")"), question_sentence},
      {answers, twice(valid_answer().text(), R"("body":"x")"), answer_sentence}};
  for (const auto& [path, body, sentence] : bodies) {
    INFO(body);
    const http_answer a = h.post(path, body);
    CHECK(a.status == 422);
    CHECK(a.body == sentence);
  }
}

TEST_CASE("JSON that is no object, and no body at all, are invalid entries", "[contract]") {
  house& h = house::open();
  const std::string answers = fmt::format("/qa/questions/{}/answers", some_question(h));
  const std::vector<std::pair<std::string, std::string>> kinds = {
      {"/reviews", review_sentence}, {"/qa/questions", question_sentence}, {answers, answer_sentence}};
  for (const auto& [path, sentence] : kinds) {
    for (const std::string body :
         {"{}", "[]", "[{}]", "5", "-0", "1e400", "\"text\"", "null", "true", " {} ", "\r\n\t{}"}) {
      INFO(path << " " << body);
      const http_answer a = h.post(path, body);
      CHECK(a.status == 422);
      CHECK(a.body == sentence);
    }
    INFO(path << " without a body");
    http_client client = h.connect();
    client.send(fmt::format("POST {} HTTP/1.1\r\nHost: t\r\n\r\n", path));  // neither length nor type
    const http_answer none = client.read();
    CHECK(none.status == 422);
    CHECK(none.body == sentence);
    const http_answer empty = client.request("POST", path);  // Content-Length: 0
    CHECK(empty.status == 422);
    CHECK(empty.body == sentence);
    client.send(
        fmt::format("POST {} HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", path));
    const http_answer no_chunk = client.read();
    CHECK(no_chunk.status == 422);
    CHECK(no_chunk.body == sentence);
  }
}

TEST_CASE("what was refused was not written", "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  CHECK(h.post("/reviews", valid_review(product).with("rating", "6").text()).status == 422);
  CHECK(h.post("/reviews", valid_review(product).text() + "]").status == 400);
  CHECK(h.post("/qa/questions", valid_question(product).with("email", R"("x")").text()).status == 422);
  CHECK(h.get(fmt::format("/reviews?product_id={}", product)).body == reviews_json(h.expected, product));
  CHECK(h.get(fmt::format("/reviews/meta?product_id={}", product)).body == meta_json(h.expected, product));
  CHECK(h.get(fmt::format("/qa/questions?product_id={}", product)).body ==
        questions_json(h.expected, product));
}

}  // namespace atelier::test
