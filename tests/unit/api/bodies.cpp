#include "app/api/bodies.hpp"

#include <catch2/catch.hpp>

using namespace atelier::api;

namespace {

// A right review, with one member written otherwise.
std::string review_with(std::string_view member, std::string_view value) {
  std::string text =
      R"({"product_id":1,"rating":5,"summary":"s","body":"b","recommend":true,"name":"n","email":"a@b")";
  const auto name = "\"" + std::string(member) + "\":";
  if (const auto at = text.find(name); at != text.npos) {
    const auto end = text.find_first_of(",", at);
    text.erase(at, (end == text.npos ? text.size() : end + 1) - at);
    if (text.ends_with(',')) text.pop_back();
  }
  if (!value.empty()) text += "," + name + std::string(value);
  return text + "}";
}

}  // namespace

TEST_CASE("a review is read as it is meant") {
  const auto review = parse_review(
      R"({"product_id":"007","rating":5.0,"body":" b ","recommend":"false","name":"n","email":"a@b","photos":["",null,"//x",{"url":"/y"}],)"
      R"("characteristics":{"15":"4","014":5,"16":null},"unknown":{"x":[1e999]}})");
  REQUIRE(review.has_value());
  CHECK(review->product_id == 7);
  CHECK(review->rating == 5);
  CHECK(review->summary.empty());
  CHECK(review->body == " b ");
  CHECK_FALSE(review->recommend);
  CHECK(review->photos == std::vector<std::string>{"//x", "/y"});
  CHECK(review->characteristic_ids == std::vector<std::int64_t>{14, 15});
  CHECK(review->characteristic_values == std::vector<std::int16_t>{5, 4});
}

TEST_CASE("one wrong member makes a review invalid, and is named") {
  const auto [member, value] = GENERATE(table<const char*, const char*>({
      {"product_id", ""},
      {"product_id", "0"},
      {"product_id", "\"x\""},
      {"product_id", "1.5"},
      {"product_id", "null"},
      {"rating", "6"},
      {"rating", "0"},
      {"rating", "true"},
      {"rating", "\"\""},
      {"rating", "[5]"},
      {"summary", "5"},
      {"body", "\"\""},
      {"body", "\" \\t\\r\\n\""},
      {"body", "\"\\u0000\""},
      {"body", "\"\\ud800\""},
      {"recommend", "2"},
      {"recommend", "\"yes\""},
      {"name", "\" \""},
      {"email", "\"x\""},
      {"email", "{}"},
      {"photos", "\"x\""},
      {"photos", "[5]"},
      {"photos", "[\"data:x\"]"},
      {"photos", "[[\"x\"]]"},
      {"photos", "[{\"url\":\"x\",\"url\":\"y\"}]"},
      {"photos", "[{}]"},
      {"characteristics", "[]"},
      {"characteristics", "{\"x\":5}"},
      {"characteristics", "{\"14\":6}"},
      {"characteristics", "{\"14\":5,\"014\":5}"},
  }));
  INFO(member << " " << value);
  const auto review = parse_review(review_with(member, value));
  REQUIRE_FALSE(review.has_value());
  CHECK(review.error().status == 422);
  CHECK(review.error().sentence == "Error: Review body contains invalid entries");
  REQUIRE(review.error().fields.size() == 1);
  CHECK(review.error().fields[0].field == member);
}

TEST_CASE("lengths are limited in code points") {
  const auto text = [](std::size_t n) {
    std::string out = "\"";
    for (std::size_t i = 0; i < n; ++i) out += "ä";
    return out + "\"";
  };
  CHECK(parse_review(review_with("summary", text(255))).has_value());
  CHECK_FALSE(parse_review(review_with("summary", text(256))).has_value());
  CHECK(parse_review(review_with("body", text(10'000))).has_value());
  CHECK_FALSE(parse_review(review_with("body", text(10'001))).has_value());
  CHECK(parse_review(review_with("name", text(60))).has_value());
  CHECK_FALSE(parse_review(review_with("name", text(61))).has_value());
}

TEST_CASE("a member given twice is invalid, even if one of them is null") {
  CHECK_FALSE(parse_review(review_with("x", "1,\"rating\":null")).has_value());
}

TEST_CASE("no body at all is an empty object, blanks are not JSON, and a list is no review") {
  CHECK(parse_question("").error().status == 422);
  CHECK(parse_question("").error().fields.size() == 4);
  CHECK(parse_question(" ").error().status == 400);
  CHECK(parse_question("[]").error().status == 422);
  CHECK(parse_answer("{\"body\":\"b\",\"name\":\"n\",\"email\":\"a@b\",\"photos\":null}").has_value());
}
