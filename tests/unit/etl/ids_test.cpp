#include "etl/ids.hpp"

#include <catch2/catch.hpp>
#include <malloc.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <set>

using namespace atelier::etl;

namespace {

constexpr auto largest = std::numeric_limits<std::int64_t>::max();
constexpr auto first_sparse_word = id_map<std::uint32_t>::dense_ids;

/// Ids in sequence, ids anywhere, and the neighbours of every border.
std::int64_t an_id(std::mt19937_64& random) {
  static constexpr std::int64_t borders[] = {
      1, 64, 4096, first_sparse_word, first_sparse_word * 64, first_sparse_word * 128, largest - 8};
  switch (random() % 3) {
    case 0:
      return static_cast<std::int64_t>(random() % 5'000);
    case 1:
      return static_cast<std::int64_t>(random() >> 1);
    default:
      return borders[random() % std::size(borders)] - 1 + static_cast<std::int64_t>(random() % 8);
  }
}

}  // namespace

TEST_CASE("a map and a set of ids hold what was put in, wherever the ids lie") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  id_map<std::uint32_t> map;
  id_set set;
  std::map<std::int64_t, std::uint32_t> expected;
  std::set<std::int64_t> members;
  for (int i = 0; i < 50'000; ++i) {
    const auto id = an_id(random);
    const auto word = static_cast<std::uint32_t>(i + 1);
    map.at(id) = word;
    expected[id] = word;
    CHECK(set.insert(id) == members.insert(id).second);
    const auto asked = an_id(random);
    const auto there = expected.find(asked);
    CHECK(map.find(asked) == (there == expected.end() ? 0 : there->second));
    CHECK(set.contains(asked) == members.contains(asked));
  }
  for (const auto& [id, word] : expected) CHECK(map.find(id) == word);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they have allocators of their own
TEST_CASE("ids far from one another take bounded memory") {
  const auto in_use = [] {
    const auto now = mallinfo2();
    return now.uordblks + now.hblkhd;
  };
  std::mt19937_64 random(3);
  const auto before = in_use();
  std::size_t most = 0;
  {
    id_set anywhere;
    for (std::size_t i = 1; i <= 800'000; ++i) {
      anywhere.insert(static_cast<std::int64_t>(random() >> 1));
      // While its tables grow, too.
      if (i > 100'000 && i % 1'000 == 0) most = std::max(most, (in_use() - before) / i);
    }
  }
  CHECK(most <= 22);

  {
    id_set far_away_together;
    for (std::int64_t id = 1'000'000'000'000; id < 1'000'001'000'000; ++id) far_away_together.insert(id);
    CHECK(in_use() - before < 1'000'000);
  }

  const auto after_one = in_use();
  id_set below_the_border;  // each of its pages is touched
  for (int i = 0; i < 1'000'000; ++i)
    below_the_border.insert(static_cast<std::int64_t>(random() % (first_sparse_word * 64)));
  CHECK(in_use() - after_one < 280'000'000);
}
#endif
