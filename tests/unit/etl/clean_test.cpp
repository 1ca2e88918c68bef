#include "etl/clean.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace atelier::etl;

namespace {

constexpr std::int64_t now = 1'700'000'000'000;
constexpr std::int64_t id_max = std::numeric_limits<std::int64_t>::max();

// "ok 12 kinds", or the reason.
std::string number(std::string_view text, std::int64_t low = 1, std::int64_t high = id_max) {
  const auto c = clean_number(text, {low, high});
  if (!c) return std::string(reject_names[static_cast<std::size_t>(c.why())]);
  return std::to_string(c->value) + (c->repairs ? " repaired" : "");
}
std::string date(std::string_view text) {
  const auto c = clean_date(text, now);
  if (!c) return std::string(reject_names[static_cast<std::size_t>(c.why())]);
  std::string kinds;
  for (std::size_t i = 0; i < repair_names.size(); ++i)
    if (c->repairs >> i & 1U) kinds.append(" ").append(repair_names[i]);
  return std::to_string(c->value) + kinds;
}
std::string boolean(std::string_view text) {
  const auto c = clean_boolean(text);
  if (!c) return std::string(reject_names[static_cast<std::size_t>(c.why())]);
  return std::string(c->value ? "true" : "false") + (c->repairs ? " repaired" : "");
}

}  // namespace

TEST_CASE("a number is exact or not at all") {
  CHECK(number("12") == "12");
  CHECK(number("9223372036854775807") == "9223372036854775807");
  for (const auto* text : {" 12", "12\t", "\"12\"", " \" 12 \" ", "'12'", "012"})
    CHECK(number(text) == "12 repaired");
  for (const auto* text : {"12.0", "#12", "12abc", "1e3", "+12", "1 2", "-", "0x1F", "-0"})
    CHECK(number(text) == "bad_number");
  for (const auto* text : {"0", "-5", "9223372036854775808", "99999999999999999999999"})
    CHECK(number(text) == "out_of_range");
  for (const auto* text : {"", " ", "null", "NULL", "\\N", "\"null\""})
    CHECK(number(text) == "missing_value");
}

TEST_CASE("a rating outside 1 to 5 is out of range") {
  CHECK(number("5", 1, 5) == "5");
  CHECK(number("6", 1, 5) == "out_of_range");
  CHECK(number("0", 1, 5) == "out_of_range");
}

TEST_CASE("epoch milliseconds, seconds and microseconds are told apart by their range") {
  CHECK(date("1602721790544") == "1602721790544");
  CHECK(date("1602721790") == "1602721790000 date_seconds");
  CHECK(date("1602721790544123") == "1602721790544 date_microseconds");
  CHECK(date("\"1602721790544\"") == "1602721790544 number_trimmed");
}

TEST_CASE("ISO 8601 is read with T or a blank, with a zone or as UTC") {
  CHECK(date("2021-01-17T03:01:59.883Z") == "1610852519883 date_iso8601");
  CHECK(date("2021-01-17 03:01:59.883") == "1610852519883 date_iso8601");
  CHECK(date("2021-01-17T03:01:59") == "1610852519000 date_iso8601");
  CHECK(date("2021-01-17T03:01Z") == "1610852460000 date_iso8601");
  CHECK(date("2021-01-17T05:01:59.883+02:00") == "1610852519883 date_iso8601");
  CHECK(date("2021-01-16T23:01:59.883123-0400") == "1610852519883 date_iso8601");
  CHECK(date("2021-01-17 03:01:59.8+00") == "1610852519800 date_iso8601");
  CHECK(date("2019-01-01") == "1546300800000 date_iso8601");
  CHECK(date("2020-02-29") == "1582934400000 date_iso8601");
}

TEST_CASE("JavaScript's and RFC 1123's forms are read") {
  CHECK(date("Wed Apr 21 2021 22:39:42 GMT-0400 (Eastern Daylight Time)") == "1619059182000 date_text");
  CHECK(date("Wed Apr 21 2021 22:39:42 GMT+0000") == "1619044782000 date_text");
  CHECK(date("Wed, 21 Apr 2021 22:39:42 GMT") == "1619044782000 date_text");
  CHECK(date("21 Apr 2021 22:39:42 +0100") == "1619041182000 date_text");
}

TEST_CASE("dates that leave a doubt are bad") {
  for (const auto* text :
       {"13/02/2020", "02/13/2020", "2020-02-30", "2021-13-01", "yesterday", "2021-1-7", "20210117", "1e12",
        "2021-01-17T25:00:00Z", "2021-01-17T03:01:59Zx", "Wed Apr 31 2021 22:39:42 GMT-0400",
        "Wed Apr 21 2021 22:39:42", "2021-01-17T03:01:60Z", "21-01-17", "-1602721790544"}) {
    INFO(text);
    const auto said = date(text);
    CHECK((said == "bad_date" || (std::string(text) == "20210117" && said == "out_of_range")));
  }
}

TEST_CASE("dates before 1995 or more than a day ahead are out of range") {
  CHECK(date("1994-12-31T23:59:59.999Z") == "out_of_range");
  CHECK(date("1995-01-01T00:00:00Z") == "788918400000 date_iso8601");
  CHECK(date("788918399999") == "out_of_range");
  CHECK(date(std::to_string(now + day_ms)) == std::to_string(now + day_ms));
  CHECK(date(std::to_string(now + day_ms + 1)) == "out_of_range");
  CHECK(date("99999999999999999999") == "out_of_range");
}

TEST_CASE("booleans have many forms") {
  CHECK(boolean("true") == "true");
  CHECK(boolean("false") == "false");
  for (const auto* text : {"TRUE", "True", "t", "T", "1", "\"true\"", " true "})
    CHECK(boolean(text) == "true repaired");
  for (const auto* text : {"FALSE", "f", "0", "\"false\""}) CHECK(boolean(text) == "false repaired");
  for (const auto* text : {"yes", "2", "tru", "10"}) CHECK(boolean(text) == "bad_boolean");
  CHECK(boolean("") == "missing_value");
  CHECK(boolean("null") == "missing_value");
}
