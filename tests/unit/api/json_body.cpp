#include "app/api/json_body.hpp"

#include <catch2/catch.hpp>

using namespace atelier::api;

namespace {

bool is_json(std::string_view text) { return json_body(text).grammar_is_right(); }

std::string nested(int levels, char open, char close) {
  return std::string(static_cast<std::size_t>(levels), open) +
         std::string(static_cast<std::size_t>(levels), close);
}

}  // namespace

TEST_CASE("JSON is RFC 8259, everywhere") {
  for (const auto* text :
       {"{}", "[]", "1", "\"x\"", "null", "true", " {\"a\" : [1, 2.5e-3, -0, \"\\u00e9\\/\", {}, []] }\r\n",
        "\xef\xbb\xbf{}", "{\"x\":123456789012345678901234567890}", "{\"x\":1e999}", "{\"x\":\"\\ud800\"}",
        "{\"a\":1,\"a\":2}", "{\"\":0}", "-1.5E+10"}) {
    INFO(text);
    CHECK(is_json(text));
  }
  for (const auto* text : {"",
                           " ",
                           "\xef\xbb\xbf",
                           "{",
                           "}",
                           "{]",
                           "{\"x\": tru}",
                           "{\"x\": nulll}",
                           "{\"x\":01}",
                           "{\"x\":1.}",
                           "{\"x\":.5}",
                           "{\"x\":+1}",
                           "{\"x\":-}",
                           "{\"x\":1e}",
                           "{\"x\":0x1}",
                           "{\"x\":NaN}",
                           "{\"x\" 1}",
                           "{\"x\":}",
                           "{x:1}",
                           "{'x':1}",
                           "{\"x\":1,}",
                           "[1,]",
                           "[1 2]",
                           "[,1]",
                           "{}{}",
                           "{} x",
                           "1 2",
                           "{\"x\":\"a\":1}",
                           "[\"a\":1]",
                           "{\"a\":1}]",
                           "[[]",
                           "{\"x\":\"\\x\"}",
                           "{\"x\":\"\\u12g4\"}",
                           "{\"\\q\":1}",
                           "{\"x\":\"a\nb\"}",
                           "{\"x\":\"\xff\"}",
                           "{\"x\":\"\xed\xa0\x80\"}",
                           "\"abc",
                           "{\"a\":1 \"b\":2}",
                           "tru",
                           "{\"a\"}",
                           "// c\n{}",
                           "{,}",
                           "[1}",
                           "{\"a\":[1,{\"b\":tru}]}"}) {
    INFO(text);
    CHECK_FALSE(is_json(text));
  }
}

TEST_CASE("more than 64 levels are refused, 64 are read") {
  CHECK(is_json(nested(64, '[', ']')));
  CHECK_FALSE(is_json(nested(65, '[', ']')));
  CHECK_FALSE(is_json(std::string(100'000, '[')));
}

TEST_CASE("an integer is exact in every form or nothing") {
  CHECK(integer_in("5") == 5);
  CHECK(integer_in("5.0") == 5);
  CHECK(integer_in("50e-1") == 5);
  CHECK(integer_in("0.5e1") == 5);
  CHECK(integer_in("5e0") == 5);
  CHECK(integer_in("-5") == -5);
  CHECK(integer_in("0e999999999999999999999") == 0);
  CHECK(integer_in("9223372036854775807") == INT64_MAX);
  CHECK(integer_in("9223372036854775807.000") == INT64_MAX);
  for (const auto* text : {"5.5", "9223372036854775808", "1e19", "1e-1", "1e999999999999999999999",
                           "123456789012345678901234567890"}) {
    INFO(text);
    CHECK_FALSE(integer_in(text));
  }
}

TEST_CASE("a string that PostgreSQL cannot keep is unusable, not malformed") {
  CHECK(check_json_string(R"("\ud83d\ude00")") == string_fault::none);
  CHECK(check_json_string(R"("\ud83d")") == string_fault::unusable);
  CHECK(check_json_string(R"("\ude00")") == string_fault::unusable);
  CHECK(check_json_string(R"("\ud83dx\ude00")") == string_fault::unusable);
  CHECK(check_json_string(R"("\u0000")") == string_fault::unusable);
  CHECK(check_json_string(R"("\\u0000")") == string_fault::none);
  CHECK(check_json_string(R"("\u12")") == string_fault::grammar);
}
