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
  std::vector<std::size_t> all;
  field_ends::walk walk(index, from, padded.data(), filled);
  for (std::size_t at = 0; walk.next(at);) all.push_back(at);
  return all;
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
    // A walk from any of its own ends finds the rest, and the index agrees with no other byte.
    for (auto at = begin + 1; at < bytes.size(); ++at) {
      const bool behind_end = std::find(expected.begin(), expected.end(), at - 1) != expected.end();
      REQUIRE(index.agrees(at) == behind_end);
    }
    if (!expected.empty()) {
      const auto half = expected.begin() + static_cast<std::ptrdiff_t>(expected.size() / 2);
      REQUIRE(ends_of(index, padded, bytes.size(), *half + 1) ==
              std::vector<std::size_t>(half + 1, expected.end()));
    }

    inside = false;
    for (auto at = begin; at < bytes.size(); ++at) {
      const char c = bytes[at];
      const auto sights = index.seen_in(at, at + 1);
      inside ^= has_quote && c == '"';
      if (c == '\0' || c == '\xc3') REQUIRE((sights & field_ends::strange) != 0);
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
