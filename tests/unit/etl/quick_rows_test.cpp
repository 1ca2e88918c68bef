// The row cleaner's quick way against its careful one.
#include "etl/digits.hpp"
#include "etl/random.hpp"
#include "etl/row.hpp"
#include "unit/etl/memory_source.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <charconv>

using namespace atelier::etl;
using namespace atelier::etl::test;

namespace {

constexpr std::int64_t now = 1'700'000'000'000;

template <std::size_t N>
std::string one_of(const std::array<std::string_view, N>& list, random_stream& random) {
  return std::string(list[random.below(N)]);
}

// A field as it should be, and sometimes one as it should not, of any type.
std::string field_of(column_type type, random_stream& random) {
  static constexpr std::array<std::string_view, 43> awkward{"",
                                                            "0",
                                                            "007",
                                                            "-3",
                                                            "12a",
                                                            "1:",
                                                            "/9",
                                                            " 5",
                                                            "\"7\"",
                                                            "12345678",
                                                            "123456789",
                                                            "6",
                                                            "2147483648",
                                                            "1234567890123456",
                                                            "null",
                                                            "\"null\"",
                                                            "NULL",
                                                            "\\N",
                                                            "TRUE",
                                                            "\"true\"",
                                                            "t",
                                                            "'it'",
                                                            "\"'it'\"",
                                                            "\"\"",
                                                            "\"\"\"\"",
                                                            "word",
                                                            "\"a\" ",
                                                            "\"say \"\"no\"\"\"",
                                                            "1577836800",
                                                            "2019-01-01",
                                                            "788918399999",
                                                            "\"\xc3\xa9\"",
                                                            "\"\xc3\"",
                                                            "\"x\ny\"",
                                                            "99999999999999999",
                                                            "\"null\"\"\"",
                                                            "null ",
                                                            " NULL",
                                                            "\" null \"",
                                                            " ",
                                                            "\"  \"",
                                                            " word",
                                                            "\"word \""};
  static constexpr std::array<std::string_view, 5> numbers{"1", "42", "1234567", "12345678", "1234567890"};
  static constexpr std::array<std::string_view, 4> texts{"\"fine\"", "\"a, b\"", "\"say \"\"hi\"\"\"",
                                                         "bare"};
  if (random.in_thousand(60)) return one_of(awkward, random);
  switch (type) {
    case column_type::id:
    case column_type::count:
      return one_of(numbers, random);
    case column_type::rating:
      return std::to_string(1 + random.below(5));
    case column_type::boolean:
      return random.below(2) ? "true" : "false";
    case column_type::date:
      return std::to_string(1'500'000'000'000 + random.below(1'000'000'000));
    case column_type::text:
      break;
  }
  return one_of(texts, random);
}

}  // namespace

TEST_CASE("a row that is taken as published is the same row, and has the same fate, with a second look") {
  const std::uint64_t seed = 4'711;
  INFO("seed " << seed);
  std::size_t rows = 0, taken = 0;
  for (std::uint64_t round = 0; round < 5000; ++round) {
    INFO("round " << round);
    random_stream random(seed, round);
    const auto& shape = all_sets()[random.below(set_count)];
    std::string bytes;
    for (const auto& c : shape.columns) bytes += (bytes.empty() ? "" : ",") + field_of(c.type, random);
    INFO(shape.name << ": " << bytes);
    const auto all = bytes + "\n" + bytes + "\n";
    memory_source source(all, all.size());
    record_reader reader(source);
    reader.expect_columns(shape.columns.size());
    row_cleaner quick(published_layout(shape.kind), now), careful(published_layout(shape.kind), now);
    for (;;) {
      const auto next = reader.next();
      REQUIRE(next);
      if (!*next) break;
      auto r = **next;
      row a, b;
      rejection why_a{}, why_b{};
      const bool is_good = quick.clean(r, a, why_a);
      // What has a stray quote is never taken quickly; else that only leaves its own mark.
      r.has_stray_quote = true;
      REQUIRE(careful.clean(r, b, why_b) == is_good);
      ++rows;
      if (!is_good) {
        REQUIRE(why_a.why == why_b.why);
        REQUIRE(why_a.column == why_b.column);
        continue;
      }
      taken += a.repairs == 0;
      REQUIRE((a.repairs | bit(repair::quotes_unescaped)) == (b.repairs | bit(repair::quotes_unescaped)));
      for (std::size_t c = 0; c < shape.columns.size(); ++c) {
        REQUIRE(a.values[c].none == b.values[c].none);
        if (shape.columns[c].type == column_type::text)
          REQUIRE(a.values[c].text == b.values[c].text);
        else
          REQUIRE(a.values[c].number == b.values[c].number);
      }
    }
  }
  REQUIRE(taken > rows / 3);  // else nothing has been compared
}

TEST_CASE("digits are read eight at a time as they are one by one") {
  const std::uint64_t seed = 8;
  INFO("seed " << seed);
  constexpr std::string_view alphabet = "01234567890123456789/:a \xff";
  for (std::uint64_t round = 0; round < 20'000; ++round) {
    random_stream random(seed, round);
    std::string text;
    const auto letters = random.below(4) ? alphabet.substr(0, 20) : alphabet;
    for (auto n = random.below(19); n > 0; --n) text += letters[random.below(letters.size())];
    std::int64_t expected = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), expected);
    const bool is_plain = error == std::errc{} && end == text.data() + text.size() && text.size() <= 16 &&
                          (text.size() == 1 || text[0] != '0');
    INFO("'" << text << "'");
    const auto padded = text + "12345678";
    REQUIRE(plain_number_padded(std::string_view(padded).substr(0, text.size())) ==
            (is_plain ? expected : -1));
  }
}
