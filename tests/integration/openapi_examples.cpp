// Every request example of the specification, sent as it stands, is answered as the specification says.
#include "openapi_house.hpp"
#include "support/sent_request.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace atelier::test {
namespace {

using json = specification::json;

const specification& spec() { return specification::of_the_sources(); }

struct parameter_value {
  std::string name;
  std::string place;  // path, query or header
  std::string value;
};
using parameter_values = std::vector<parameter_value>;

struct example_request {
  std::string method;
  std::string path;
  parameter_values parameters = {};
  std::string body = {};
};

std::string text_of(const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

// Every parameter at each of its examples in turn, the required others at their first.
std::vector<parameter_values> combinations(const std::vector<json>& parameters) {
  const auto with = [&](const json* varied, const json* example) {
    parameter_values all;
    for (const auto& parameter : parameters) {
      const bool is_varied = &parameter == varied;
      if (!is_varied && !parameter.value("required", false)) continue;
      const auto& chosen = is_varied ? *example : parameter["examples"].front();
      all.push_back({parameter["name"], parameter["in"], text_of(chosen["value"])});
    }
    return all;
  };
  std::vector<parameter_values> all = {with(nullptr, nullptr)};
  for (const auto& parameter : parameters)
    for (const auto& example : parameter["examples"]) all.push_back(with(&parameter, &example));
  return all;
}

std::vector<example_request> requests_of(const std::string& path, const json& item,
                                         const std::string& method) {
  const auto& operation = item[method];
  std::vector<json> parameters;
  for (const auto* holder : {&item, &operation})
    for (const auto& parameter : holder->value("parameters", json::array()))
      parameters.push_back(spec().resolved(parameter));
  std::string verb;
  for (const char c : method) verb += static_cast<char>(c - 'a' + 'A');

  std::vector<example_request> all;
  for (const auto& values : combinations(parameters)) {
    if (!operation.contains("requestBody")) {
      all.push_back({verb, path, values});
      continue;
    }
    // Each body with a key of its own: the parameter's example names one request only.
    const auto& body = spec().resolved(operation["requestBody"]);
    int number = 0;
    for (const auto& example : body["content"]["application/json"]["examples"]) {
      all.push_back({verb, path, values, example["value"].dump()});
      for (auto& parameter : all.back().parameters)
        if (parameter.name == "Idempotency-Key") parameter.value += fmt::format("-{}", number++);
    }
  }
  return all;
}

void check(const example_request& asked) {
  auto target = asked.path;
  std::string query;
  http_headers headers;
  for (const auto& [name, place, value] : asked.parameters) {
    if (place == "path")
      target.replace(target.find('{'), name.size() + 2, value);
    else if (place == "query")
      query += fmt::format("{}{}={}", query.empty() ? "?" : "&", name, value);
    else
      headers.emplace_back(name, value);
  }
  if (!asked.body.empty()) headers.emplace_back("Content-Type", "application/json");
  INFO(asked.method << " " << target << query << " " << asked.body);
  const auto answer = openapi_house::open().send(asked.method, target + query, headers, asked.body);
  INFO(answer.body);
  CHECK(answer.status < 300);
  CHECK(spec().names_status(asked.method, target, answer.status));
  CHECK(disagreements(spec(), {asked.method, target + query, headers, asked.body}, answer) ==
        std::vector<std::string>{});
  CHECK(spec().faults(asked.method, target, answer) == std::vector<std::string>{});
}

}  // namespace

TEST_CASE("every request example is answered with success, as documented", "[openapi]") {
  int sent = 0;
  // Reports come last: a reported review is shown no more.
  for (const bool reports : {false, true})
    for (const auto& [path, item] : spec().document()["paths"].items()) {
      if (path.ends_with("/report") != reports) continue;
      for (const std::string method : {"options", "post", "put", "get", "head"}) {
        if (!item.contains(method)) continue;
        for (const auto& asked : requests_of(path, item, method)) {
          check(asked);
          ++sent;
        }
      }
    }
  CHECK(sent > 80);
}

TEST_CASE("the sample data show what the examples ask for", "[openapi]") {
  const auto& h = openapi_house::open();
  const auto read = [&](const std::string& target) { return json::parse(h.send("GET", target).body); };
  CHECK(!read("/reviews?product_id=1")["results"].empty());
  CHECK(read("/reviews/meta?product_id=1")["characteristics"].size() >= 2);
  CHECK(!read("/qa/questions?product_id=1")["results"].empty());
  CHECK(!read("/qa/questions/1/answers")["results"].empty());
}

TEST_CASE("an answer that is still right is 304, as documented", "[openapi]") {
  const auto& h = openapi_house::open();
  for (const auto& [path, item] : spec().document()["paths"].items()) {
    if (!item.contains("get")) continue;
    auto target = path;
    if (const auto open = target.find('{'); open != target.npos) {
      const auto& parameter = spec().resolved(item["parameters"][0]);
      target.replace(open, target.find('}') - open + 1, text_of(parameter["examples"].front()["value"]));
    }
    if (path == "/reviews" || path == "/reviews/meta" || path == "/qa/questions") target += "?product_id=2";
    if (path == "/reviews/{review_id}") target = "/reviews/1";  // another than the one that was reported
    INFO(target);
    const auto first = h.send("GET", target);
    REQUIRE(first.status == 200);
    for (const std::string method : {"GET", "HEAD"}) {
      const auto again = h.send(method, target, {{"If-None-Match", first.header("ETag").value_or("")}});
      CHECK(again.status == 304);
      CHECK(spec().faults(method, target, again) == std::vector<std::string>{});
    }
  }
}

}  // namespace atelier::test
