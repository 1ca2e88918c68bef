#include "app/api/json.hpp"

#include <catch2/catch.hpp>

using namespace atelier::api;

namespace {

template <class... A>
std::string written(void (*append)(std::string&, A...), A... value) {
  std::string out;
  append(out, value...);
  return out;
}

std::string quoted(std::string_view text) { return written(append_json_string, text); }

}  // namespace

TEST_CASE("a string is escaped as JSON.stringify does") {
  CHECK(quoted("plain ä €") == "\"plain ä €\"");
  CHECK(quoted("a\"b\\c\n\r\t\b\f\x01\x1f\x7f/") == "\"a\\\"b\\\\c\\n\\r\\t\\b\\f\\u0001\\u001f\x7f/\"");
  CHECK(quoted("") == "\"\"");
}

TEST_CASE("a time is ISO 8601 in UTC with milliseconds") {
  const auto time = [](std::int64_t ms) { return written(append_json_time, ms); };
  CHECK(time(0) == "\"1970-01-01T00:00:00.000Z\"");
  CHECK(time(1596080481467) == "\"2020-07-30T03:41:21.467Z\"");
  CHECK(time(951782399999) == "\"2000-02-28T23:59:59.999Z\"");
  CHECK(time(951782400000) == "\"2000-02-29T00:00:00.000Z\"");
  CHECK(time(-1) == "\"1969-12-31T23:59:59.999Z\"");
  CHECK(time(1735689599999) == "\"2024-12-31T23:59:59.999Z\"");
}

TEST_CASE("a mean has sixteen decimals, exact, rounded half up") {
  const auto mean = [](std::int64_t sum, std::int64_t count) {
    return written(append_json_mean, sum, count);
  };
  CHECK(mean(76, 31) == "\"2.4516129032258065\"");
  CHECK(mean(81, 32) == "\"2.5312500000000000\"");
  CHECK(mean(5, 1) == "\"5.0000000000000000\"");
  CHECK(mean(2, 3) == "\"0.6666666666666667\"");
  CHECK(mean(7, 3) == "\"2.3333333333333333\"");
  CHECK(mean(5'000'000'000, 1'000'000'000) == "\"5.0000000000000000\"");
}
