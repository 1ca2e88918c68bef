// What judges the specification's requests and answers is itself held to JSON Schema 2020-12.
#include "support/json_schema.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>

namespace atelier::test {
namespace {

using json = nlohmann::ordered_json;

bool fits(const std::string& value, const std::string& schema,
          unknown_members unknown = unknown_members::taken) {
  return faults_by_schema(json::parse(value), json::parse(schema), json::object(), unknown).empty();
}

}  // namespace

TEST_CASE("a schema's keyword holds what it is for, and nothing else", "[support]") {
  struct keyword {
    std::string schema;
    std::vector<std::string> right, wrong;
  };
  const std::vector<keyword> all = {
      {"true", {"1", "null"}, {}},
      {"false", {}, {"1", "null"}},
      {R"({"type":"integer"})", {"5", "5.0", "5e1", "-9223372036854775808"}, {"5.5", R"("5")", "true"}},
      {R"({"type":["string","null"]})", {R"("")", "null"}, {"0", "[]", "{}"}},
      {R"({"enum":[1,"a",true]})", {"1", "1.0", R"("a")", "true"}, {"0", R"("1")", "false", "null"}},
      {R"({"const":"a"})", {R"("a")"}, {R"("b")", "null"}},
      {R"({"minimum":1})", {"1", "1.5", R"("0")"}, {"0", "0.99", "-1"}},
      {R"({"maximum":9223372036854775807})", {"9223372036854775807"}, {"9223372036854775808", "1e19"}},
      {R"({"minLength":2})", {R"("ab")", R"("éé")", "1"}, {R"("a")", R"("é")", R"("👟")"}},
      {R"({"maxLength":1})", {R"("a")", R"("é")", R"("👟")", "12"}, {R"("ab")", R"("e\u0301")"}},
      {R"({"pattern":"^[^@\\u0080-\\u009f]+$"})", {R"("Ñ")", R"("\u00a0")", "1"}, {R"("@")", R"("\u0085")"}},
      {R"({"pattern":"\\u0000"})", {R"("a\u0000b")"}, {R"("ab")", R"("")"}},
      {R"({"pattern":"^[a-z]$"})", {R"("a")"}, {R"("a\n")", R"("A")"}},
      {R"({"required":["a"]})", {R"({"a":null})", "1"}, {"{}", R"({"b":1})"}},
      {R"({"properties":{"a":{"type":"null"}}})", {R"({"a":null,"b":1})", "{}"}, {R"({"a":1})"}},
      {R"({"properties":{"a":true},"additionalProperties":{"type":"null"}})",
       {R"({"a":1,"b":null})"},
       {R"({"a":1,"b":1})"}},
      {R"({"propertyNames":{"pattern":"^[0-9]$"}})", {R"({"1":1})", "{}"}, {R"({"a":1})"}},
      {R"({"items":{"type":"null"}})", {"[]", "[null]", "1"}, {"[null,1]"}},
      {R"({"contains":{"type":"null"}})", {"[1,null]", "1"}, {"[]", "[1]"}},
      {R"({"contains":{"type":"null"},"minContains":0,"maxContains":1})",
       {"[]", "[1,null]"},
       {"[null,null]"}},
      {R"({"allOf":[{"minimum":1},{"maximum":2}]})", {"1", "2"}, {"0", "3"}},
      {R"({"anyOf":[{"type":"null"},{"minimum":1}]})", {"null", "1"}, {"0"}},
      {R"({"not":{"type":"null"}})", {"0"}, {"null"}},
  };
  for (const auto& [schema, right, wrong] : all) {
    for (const auto& value : right) {
      INFO(value << " by " << schema);
      CHECK(fits(value, schema));
    }
    for (const auto& value : wrong) {
      INFO(value << " by " << schema);
      CHECK_FALSE(fits(value, schema));
    }
  }
}

TEST_CASE("unknown members are refused where they are not asked for, at any depth", "[support]") {
  const std::string schema = R"({"items":{"properties":{"a":true}}})";
  CHECK(fits(R"([{"b":1}])", schema));
  CHECK_FALSE(fits(R"([{"b":1}])", schema, unknown_members::refused));
  CHECK(fits(R"({"b":1})", R"({"properties":{"a":true},"additionalProperties":true})",
             unknown_members::refused));
}

TEST_CASE("a schema's reference leads into its document", "[support]") {
  const auto document = json::parse(R"({"components":{"schemas":{"A":{"type":"null"}}}})");
  const auto schema = json::parse(R"({"$ref":"#/components/schemas/A"})");
  CHECK(faults_by_schema(nullptr, schema, document).empty());
  CHECK(faults_by_schema(1, schema, document) == std::vector<std::string>{": is not of type \"null\""});
}

TEST_CASE("a keyword or a type that the tests do not know is an error, not a pass", "[support]") {
  CHECK_THROWS_AS(fits("1", R"({"multipleOf":2})"), std::logic_error);
  CHECK_THROWS_AS(fits("1", R"({"type":"int"})"), std::logic_error);
}

}  // namespace atelier::test
