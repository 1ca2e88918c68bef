// Every way to mark bytes that this processor knows against what the bytes are.
#include "etl/byte_marks.hpp"

#include "etl/random.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace atelier::etl;

TEST_CASE("every way to mark bytes says of each byte what it is") {
  const std::uint64_t seed = 64;
  INFO("seed " << seed);
  const std::string_view alphabet("ab,;\"'\n\r \0\xc3\x7f\x80\xff\x8c\xa2", 16);
  const auto ways = ways_to_mark();
  REQUIRE(!ways.empty());
  for (std::uint64_t round = 0; round < 500; ++round) {
    random_stream random(seed, round);
    const auto letters = round % 4 == 0 ? std::string_view("plain, \"text\"\n") : alphabet;
    const auto blocks = 1 + random.below(5);
    std::string bytes;
    while (bytes.size() < blocks * byte_marks::block_bytes) bytes += letters[random.below(letters.size())];
    const char quote = round % 2 ? '"' : '\'', delimiter = round % 3 ? ',' : '\xff';
    for (std::size_t way = 0; way < ways.size(); ++way) {
      INFO("round " << round << ", way " << way);
      std::vector<byte_marks> marks(blocks);
      ways[way](bytes.data(), blocks, quote, delimiter, marks.data());
      for (std::size_t b = 0; b < blocks; ++b) {
        const auto block = bytes.substr(b * byte_marks::block_bytes, byte_marks::block_bytes);
        for (std::size_t i = 0; i < block.size(); ++i) {
          REQUIRE((marks[b].quotes >> i & 1U) == (block[i] == quote));
          REQUIRE((marks[b].delimiters >> i & 1U) == (block[i] == delimiter));
          REQUIRE((marks[b].lines >> i & 1U) == (block[i] == '\n' || block[i] == '\r'));
        }
        REQUIRE(marks[b].has_nul == (block.find('\0') != block.npos));
        REQUIRE(marks[b].has_high ==
                std::any_of(block.begin(), block.end(), [](unsigned char c) { return c >= 0x80; }));
      }
    }
  }
}
