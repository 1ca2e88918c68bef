#include "bench/load/scenario.hpp"

#include "bench/load/embedded.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <fstream>
#include <regex>
#include <set>

using namespace atelier::bench;
using namespace std::chrono_literals;

namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

std::string refusal(std::string_view json) {
  const auto s = parse_scenario(json);
  REQUIRE(!s);
  CHECK(s.error().code == atelier::exit_code::wrong_usage);
  return s.error().what;
}

}  // namespace

TEST_CASE("a scenario says what is asked, how often, and what must hold", "[bench]") {
  const auto s = parse_scenario(R"({
    "name": "one", "loop": "open poisson", "warm_up": "1s", "connections": 8, "pipeline": 2,
    "parameters": {"products": 100},
    "stages": [{"for": "10s", "rate": [10, 20]}, {"for": "500ms", "rate": 20}],
    "values": {"p": {"law": "uniform", "first": 1, "last": "$products*3"}, "t": {"law": "text", "bytes": 10}},
    "requests": [
      {"name": "get", "weight": 3, "target": "/r?id=${p}", "expect": {"status": 200, "headers": {"ETag": null}, "json": {"/n": 1}}},
      {"name": "post", "method": "POST", "target": "/r", "body": {"id": "${p}", "text": "${t}"}}],
    "thresholds": ["p99 < 20ms", "get.errors <= 1%"]})",
                                {{"products", 7}});
  REQUIRE(s);
  CHECK(s->is_open);
  CHECK(s->pacing == arrivals::pacing::poisson);
  CHECK(length_of(s->stages) == 10500ms);
  CHECK(s->values[0].last == 21);
  CHECK(s->requests[0].expects.headers[0].name == "etag");
  CHECK(s->thresholds[1].request == "get");

  drawn_values values(s->values, 1);
  std::string body;
  values.append(s->requests[1].body, body);
  CHECK(body.starts_with(R"({"id":)"));  // a member that is one hole of numbers is a number
  CHECK(body[6] != '"');
}

TEST_CASE("one value is the same in all holes of a request, and another in the next", "[bench]") {
  const std::vector<generator> generators{
      {.name = "p", .how = generator::law::range, .first = 1, .last = 100}};
  const auto text = parse_template("${p}-${p}", generators);
  REQUIRE(text);
  drawn_values values(generators, 1);
  std::string out;
  values.append(*text, out);
  values.forget();
  out += ' ';
  values.append(*text, out);
  CHECK(out == "1-1 2-2");
}

TEST_CASE("what a scenario file gets wrong is named", "[bench]") {
  CHECK(has(refusal("{"), "JSON"));
  CHECK(has(refusal(R"({"requests": []})"), "write what to ask"));
  CHECK(has(refusal(R"({"request": []})"), "'request'"));
  CHECK(has(refusal(R"({"requests": [{"target": "x"}]})"), "must begin with /"));
  CHECK(has(refusal(R"({"requests": [{"target": "/${id}"}]})"), "'id'"));
  CHECK(has(refusal(R"({"requests": [{"target": "/${id"}], "values": {"id": {}}})"), "no }"));
  CHECK(has(refusal(R"({"stages": [{"for": "10"}], "requests": [{"target": "/"}]})"), "'10' is no time"));
  CHECK(has(refusal(R"({"stages": [{"for": "10s"}], "requests": [{"target": "/"}]})"), "rate"));
  CHECK(
      has(refusal(R"({"values": {"a": {"law": "normal"}}, "requests": [{"target": "/"}]})"), "values.a.law"));
  CHECK(has(refusal(R"({"values": {"a": {"scattered": "no"}}, "requests": [{"target": "/"}]})"),
            "must be true or false"));
  CHECK(has(
      refusal(
          R"({"parameters": {"n": 1}, "values": {"a": {"last": "$n*3x"}}, "requests": [{"target": "/"}]})"),
      "ends with no positive number"));
  CHECK(has(refusal(R"({"values": {"a": {"first": 2, "last": 1}}, "requests": [{"target": "/"}]})"),
            "less than first"));
  CHECK(has(refusal(R"({"thresholds": ["x.p99 < 1ms"], "requests": [{"target": "/"}]})"), "'x'"));
  CHECK(has(refusal(R"({"connections": "$n", "requests": [{"target": "/"}]})"), "no parameter"));
  CHECK(!parse_scenario(R"({"requests": [{"target": "/"}]})", {{"products", 1}}));
}

TEST_CASE("what a scenario says beside its meaning is refused and not passed over", "[bench]") {
  const auto with = [](std::string_view request, std::string_view more = "") {
    return refusal(
        std::string(
            R"({"values": {"n": {}, "a": {}, "b": {}, "c": {}, "d": {}, "w": {"law": "text", "bytes": 3}}, "requests": [)") +
        std::string(request) + "]" + std::string(more) + "}");
  };
  CHECK(has(with(R"({"target": "/", "headers": "X: 1"})"), "headers is no object"));
  CHECK(has(with(R"({"target": "/", "headers": {"Host": "x"}})"), "written by atelier-bench"));
  CHECK(has(with(R"({"target": "/", "expect": {"headers": ["ETag"]}})"), "headers is no object"));
  CHECK(has(with(R"({"target": "/", "expect": {"headers": {"ETag": 1}}})"), "must be a text, or null"));
  CHECK(has(with(R"({"target": "/", "expect": {"json": ["/n"]}})"), "json is no object"));
  CHECK(has(with(R"({"target": "/", "expect": {"json": {"n": 1}}})"), "begins with /"));
  CHECK(has(with(R"({"target": "/", "expect": {"json": {"/n": {"type": "nmber"}}}})"), "no type \"nmber\""));
  CHECK(has(with(R"({"target": "/", "expect": {"json": {"/n": {"type": 5}}}})"), "no type 5"));
  CHECK(has(with(R"({"target": "/", "expect": {"json": {"/n": "${w}"}}})"), "name a value that is a number"));
  CHECK(has(with(R"({"target": "/", "expect": {"json": {"/n": "${n}${a}${b}${c}${d}"}}})"),
            "more than 4 values"));
  CHECK(has(with(R"({"target": "/", "weight": 0}, {"target": "/a", "weight": 0})"), "weight is 0"));
  CHECK(has(with(R"({"target": "/"}, {"target": "/", "method": "PUT"})"), "named '/'"));
  CHECK(has(with(R"({"target": "/"})", R"(, "parameters": [1])"), "parameters is no object"));
  CHECK(has(with(R"({"target": "/"})", R"(, "stages": [{"for": "1s", "rate": 1e30}])"), "at most"));
  CHECK(has(with(R"({"target": "/"})", R"(, "stages": [{"for": "1s", "rate": [-5, 10]}])"), "positive"));
  CHECK(has(with(R"({"target": "/"})", R"(, "stages": [{"for": "9000000h", "rate": 1}])"), "up to a year"));
}

TEST_CASE("there is a ready scenario for every endpoint of the API", "[bench]") {
  std::ifstream file(ATELIER_SOURCES "/app/api/web/openapi.json");
  const auto document = nlohmann::json::parse(file);
  // "GET /reviews/{}/helpful" of both; a scenario may have a slash at the end and parameters.
  const auto bare = [](const std::string& method, std::string target) {
    target = std::regex_replace(target, std::regex(R"(\$?\{[^}]*\})"), "{}");
    return method + ' ' +
           std::regex_replace(target, std::regex(R"(/?(\?.*)?$)"), "",
                              std::regex_constants::format_first_only);
  };
  std::set<std::string> asked;
  for (const auto& name : ready_scenarios()) {
    const auto s = nlohmann::json::parse(*embedded(name + ".json"));
    if (s["requests"].size() == 1)
      asked.insert(bare(s["requests"][0].value("method", "GET"), s["requests"][0]["target"]));
  }
  for (const auto& [path, operations] : document["paths"].items()) {
    if (!path.starts_with("/reviews") && !path.starts_with("/qa")) continue;
    for (const auto& [method, name] : {std::pair("get", "GET"), {"post", "POST"}, {"put", "PUT"}}) {
      CAPTURE(path, name);
      if (operations.contains(method)) CHECK(asked.contains(bare(name, path)));
    }
  }
}

TEST_CASE("every ready scenario can be read and says what it is for", "[bench]") {
  for (const auto& name : ready_scenarios()) {
    CAPTURE(name);
    const auto s = parse_scenario(*embedded(name + ".json"), {{"products", 1'000'011}});
    REQUIRE(s);
    CHECK(s->name == name);
    CHECK(!s->about.empty());
  }
}
