// What may be sent: the document and the program agree on it, and where they do not, the tests see it.
#include "app/api/parameters.hpp"
#include "openapi_house.hpp"
#include "support/sent_request.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace atelier::test {
namespace {

using json = specification::json;
using names = std::set<std::string>;

const specification& spec() { return specification::of_the_sources(); }

names query_parameters_of(const json& operation) {
  names all;
  for (const auto& reference : operation.value("parameters", json::array())) {
    const auto& parameter = spec().resolved(reference);
    if (parameter["in"] == "query") all.insert(parameter["name"].get<std::string>());
  }
  return all;
}

// With what is documented for one member changed.
specification changed(const std::string& pointer, const json& to) {
  auto document = spec().document();
  document.at(json::json_pointer(pointer)) = to;
  return specification(document.dump());
}

sent_request review_with(const std::string& member, const std::string& raw) {
  json body = {{"product_id", 3},   {"rating", 5}, {"body", "b"},
               {"recommend", true}, {"name", "n"}, {"email", "a@b"}};
  body[member] = json::parse(raw);
  return {"POST", "/reviews", {}, body.dump()};
}

http_answer answered(int status, std::string body = "Created") {
  return {.status = status, .reason = {}, .headers = {}, .body = std::move(body)};
}

const std::string review_with_twice =
    R"({"product_id":3,"rating":5,"body":"b","recommend":true,"name":"n","email":"a@b","rating":5})";
const std::string question = R"({"product_id":3,"body":"b","name":"n","email":"a@b"})";

std::string nested(int levels) {
  std::string deep = question;
  deep.pop_back();
  return deep + R"(,"more":)" + std::string(static_cast<std::size_t>(levels), '[') +
         std::string(static_cast<std::size_t>(levels), ']') + "}";
}

}  // namespace

TEST_CASE("each read takes the query parameters that are documented for it, and no other", "[openapi]") {
  const auto& h = openapi_house::open();
  const auto known = [](const std::string& name) {
    return std::find(api::query_parameter_names.begin(), api::query_parameter_names.end(), name) !=
           api::query_parameter_names.end();
  };
  for (const auto& [path, item] : spec().document()["paths"].items()) {
    for (const std::string method : {"post", "put"})
      if (item.contains(method)) CHECK(query_parameters_of(item[method]).empty());
    if (!item.contains("get")) continue;
    const auto documented = query_parameters_of(item["get"]);
    CHECK(query_parameters_of(item["head"]) == documented);
    for (const auto& name : documented) CHECK(known(name));

    auto target = path;
    if (const auto open = target.find('{'); open != target.npos)
      target.replace(open, target.find('}') - open + 1, "2");
    const std::string rest = documented.count("product_id") == 1 ? "product_id=1" : "";
    const auto plain = h.send("GET", target + "?" + rest);
    for (const auto known_name : api::query_parameter_names) {
      const std::string name(known_name);
      const auto value = name == "sort" ? "newest" : "x";  // of a name given twice the first counts
      const auto asked = fmt::format("{}?{}={}&{}", target, name, value, rest);
      INFO(asked);
      const auto answer = h.send("GET", asked);
      const bool is_taken = answer.status != plain.status || answer.body != plain.body;
      CHECK(is_taken == (documented.count(name) == 1));
    }
  }
}

TEST_CASE("what a schema cannot say stands in the document's words, and is refused", "[openapi]") {
  const auto& h = openapi_house::open();
  const auto text = spec().document().dump();
  const auto answers = "/qa/questions/1/answers";
  REQUIRE(h.send("POST", answers, {{"Idempotency-Key", "prose"}}, R"({"body":"b","name":"n","email":"a@b"})")
              .status == 201);
  const std::vector<sent_request> examples = {
      {"POST", "/reviews", {}, review_with_twice},
      {"POST", "/qa/questions", {}, nested(64)},
      review_with("product_id", R"("9223372036854775808")"),
      review_with("characteristics", R"({"9000000001":5})"),
      {"POST", answers, {{"Idempotency-Key", "prose"}}, R"({"body":"c","name":"n","email":"a@b"})"},
  };
  const auto rules = rules_in_prose();
  REQUIRE(rules.size() == examples.size());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const auto& sent = examples[i];
    INFO(rules[i].prose << ": " << sent.body);
    CHECK(text.find(rules[i].prose) != text.npos);
    CHECK(faults_of_request(spec(), sent) == std::vector<std::string>{});
    const auto answer = h.send(sent.method, sent.target, sent.headers, sent.body);
    CHECK((answer.status == 400 || answer.status == 422));
    for (std::size_t j = 0; j < rules.size(); ++j) CHECK(rules[j].is_broken(sent, answer) == (i == j));
  }
}

TEST_CASE("a request that is taken although the document calls it invalid is seen", "[openapi]") {
  const auto sees = [](const specification& other, const sent_request& sent) {
    CHECK(disagreements(spec(), sent, answered(201)) == std::vector<std::string>{});
    return !disagreements(other, sent, answered(201)).empty();
  };
  const std::string members = "/components/schemas/NewReview/properties/";
  CHECK(sees(changed(members + "summary/type", "string"), review_with("summary", "null")));
  CHECK(sees(changed("/components/schemas/NewRating/type", "integer"), review_with("rating", R"("5")")));
  CHECK(sees(changed(members + "recommend/type", "boolean"), review_with("recommend", "1")));
  CHECK(sees(changed("/components/schemas/Email/maxLength", 2), review_with("email", R"("a@b")")));
  const sent_request page{"GET", "/reviews?product_id=1&page=NaN"};
  CHECK(sees(changed("/components/parameters/Page/schema/type", "integer"), page));
  const sent_request key{"POST", "/qa/questions", {{"idempotency-key", "k"}}, question};
  CHECK(sees(changed("/components/parameters/IdempotencyKey/schema/minLength", 2), key));
  const sent_request path{"PUT", "/qa/answers/7/helpful"};
  CHECK(sees(changed("/components/schemas/Id/minimum", 8), path));
}

TEST_CASE("a request that is refused although the document calls it valid is seen", "[openapi]") {
  const auto sees = [](const specification& other, const sent_request& sent) {
    CHECK(disagreements(spec(), sent, answered(422)) == std::vector<std::string>{});
    return !disagreements(other, sent, answered(422)).empty();
  };
  CHECK(sees(changed("/components/schemas/Name/pattern", ""), review_with("name", R"(" ")")));
  CHECK(sees(changed("/components/schemas/NewPhotos/maxContains", 11),
             review_with("photos", R"(["a","b","c","d","e","f","g","h","i","j","k"])")));
  CHECK(sees(changed("/components/schemas/PhotoUrl/pattern", ""),
             review_with("photos", R"(["javascript:x"])")));
  CHECK(sees(changed("/components/schemas/NewId/maximum", 9223372036854775808U),
             review_with("product_id", "9223372036854775808")));
  const sent_request nobody{"GET", "/reviews"};
  CHECK(sees(changed("/components/parameters/ProductId/required", false), nobody));
}

TEST_CASE("an error of a status that is not documented is seen", "[openapi]") {
  auto answer = answered(409, "Error: it is there already");
  answer.headers = {
      {"Content-Type", "text/plain; charset=utf-8"},
      {"X-Request-Id", "r"},
      {"Access-Control-Allow-Origin", "*"},
      {"Access-Control-Expose-Headers", "ETag, Location, Idempotent-Replayed, Retry-After, X-Request-Id"}};
  for (const std::string method : {"GET", "POST", "DELETE"}) {
    INFO(method);
    answer.status = 409;
    CHECK(spec().faults(method, "/reviews", answer).size() == 1);
    answer.status = 408;
    CHECK(spec().faults(method, "/reviews", answer) == std::vector<std::string>{});
  }
}

}  // namespace atelier::test
