// The index of field ends against a byte-by-byte account of the same.
#include "etl/field_ends.hpp"

#include "etl/random.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace atelier::etl;

namespace {

std::vector<std::size_t> ends_of(field_ends& index, const std::string& padded, std::size_t filled,
                                 std::size_t from) {
  REQUIRE(index.go_to(from));
  const auto all = index.ahead(padded.size(), padded.data(), filled);
  return {all.begin(), all.end()};
}

}  // namespace

TEST_CASE("a field ends at each delimiter and line end outside quotes, and blocks tell what else they hold") {
  const std::uint64_t seed = 90'210;
  INFO("seed " << seed);
  const std::string_view alphabet("ab,,\"\"\n\r '\0\xc3", 12);
  for (std::uint64_t round = 0; round < 300; ++round) {
    INFO("round " << round);
    random_stream random(seed, round);
    std::string bytes;
    // Some rounds are plain for long, so that blocks without a sight come up too, and fill several windows.
    const auto letters = round % 3 == 0 ? alphabet : std::string_view("abcdefghij,\n");
    const auto size = round % 10 == 0 ? 3 * field_ends::window_bytes : std::size_t{500};
    for (auto n = random.below(size); n > 0; --n) bytes += letters[random.below(letters.size())];
    const bool has_quote = round % 2 == 0;
    const auto begin = random.below(bytes.size() + 1);
    const auto padded = bytes + std::string(field_ends::block_bytes, '"');
    field_ends index(',', '"', has_quote, padded.size());
    index.restart(begin);
    const auto found = ends_of(index, padded, bytes.size(), begin);

    std::vector<std::size_t> expected;
    bool inside = false;
    for (auto at = begin; at < bytes.size(); ++at) {
      inside ^= has_quote && bytes[at] == '"';
      if (!inside && (bytes[at] == ',' || bytes[at] == '\n' || bytes[at] == '\r')) expected.push_back(at);
    }
    REQUIRE(found == expected);
    // Behind each of its ends it goes on with the rest, and nowhere else.
    auto rest = expected.begin();
    for (auto at = begin + 1; at < bytes.size(); ++at) {
      const bool behind_end = rest != expected.end() && *rest == at - 1;
      REQUIRE(index.go_to(at) == behind_end);
      if (behind_end)
        REQUIRE(ends_of(index, padded, bytes.size(), at) == std::vector<std::size_t>(++rest, expected.end()));
    }
    REQUIRE_FALSE(index.go_to(bytes.size() + 1));

    inside = false;
    for (auto at = begin; at < bytes.size(); ++at) {
      const char c = bytes[at];
      const auto sights = index.seen_in(at, at + 1);
      inside ^= has_quote && c == '"';
      if (c == '\0' || c == '\xc3') REQUIRE((sights & field_ends::strange) != 0);  // alone it is no UTF-8
      if (inside && (c == '\n' || c == '\r')) REQUIRE((sights & field_ends::line_inside) != 0);
      if (!has_quote || c != '"') continue;
      const auto ends = [&](char n) { return n == ',' || n == '\n' || n == '\r'; };
      if (inside && at > begin && !ends(bytes[at - 1])) REQUIRE((sights & field_ends::odd_quote) != 0);
      if (!inside && at + 1 < bytes.size() && !ends(bytes[at + 1]))
        REQUIRE((index.seen_in(at, at + 2) & field_ends::odd_quote) != 0);
    }
    if (round % 3 != 0 && begin < bytes.size() && bytes.find('"') == std::string::npos)
      REQUIRE(index.seen_in(begin, bytes.size()) == 0);
  }
}

TEST_CASE("letters that are UTF-8 are not strange, unless their window has some that are not") {
  std::string bytes;
  while (bytes.size() < 3 * field_ends::window_bytes) bytes += "1,\"caf\xc3\xa9\"\n";
  const auto spoilt = field_ends::window_bytes + 5;
  const bool is_damaged = GENERATE(false, true);
  if (is_damaged) bytes[spoilt] = '\xff';
  const auto padded = bytes + std::string(field_ends::block_bytes, '\xc3');
  field_ends index(',', '"', true, padded.size());
  (void)ends_of(index, padded, bytes.size(), 0);
  const auto is_strange = [&](std::size_t at) {
    return (index.seen_in(at, at + 1) & field_ends::strange) != 0;
  };
  REQUIRE(is_strange(spoilt) == is_damaged);
  REQUIRE(is_strange(spoilt + 200) == is_damaged);  // a letter in the same window
  REQUIRE_FALSE(is_strange(2 * field_ends::window_bytes + 200));
}

TEST_CASE("an odd quote is seen wherever a block ends") {
  for (std::size_t before = 0; before < 2 * field_ends::block_bytes; ++before) {
    INFO(before << " bytes before");
    for (const std::string_view odd : {"\"b\"x", "\"b\"\"c\"", "b\"c\""}) {
      const auto bytes = std::string(before, 'a') + "," + std::string(odd) + ",\n";
      const auto padded = bytes + std::string(field_ends::block_bytes, ' ');
      field_ends index(',', '"', true, padded.size());
      (void)ends_of(index, padded, bytes.size(), 0);
      REQUIRE((index.seen_in(before + 1, before + 1 + odd.size()) & field_ends::odd_quote) != 0);
    }
  }
}
