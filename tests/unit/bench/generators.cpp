#include "bench/load/generators.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace atelier::bench;

namespace {

std::map<std::int64_t, int> drawn(const generator& what, int times) {
  source from(what);
  random_numbers chance(11);
  std::map<std::int64_t, int> counts;
  for (int i = 0; i < times; ++i) ++counts[from.number(chance)];
  return counts;
}

}  // namespace

TEST_CASE("uniform ids reach every id of the range and none beside it", "[bench]") {
  const auto counts = drawn({.name = "id", .how = generator::law::uniform, .first = 5, .last = 14}, 100'000);
  CHECK(counts.size() == 10);
  CHECK(counts.begin()->first == 5);
  CHECK(counts.rbegin()->first == 14);
  for (const auto& [id, count] : counts) CHECK(count == Approx(10'000).epsilon(0.05));
}

TEST_CASE("the k-th most popular id of Zipf's law has 1/k^s of the first one's share", "[bench]") {
  const double exponent = GENERATE(0.5, 1.0, 1.5);
  CAPTURE(exponent);
  const auto counts = drawn({.name = "id",
                             .how = generator::law::zipf,
                             .first = 1,
                             .last = 1000,
                             .exponent = exponent,
                             .scattered = false},
                            1'000'000);
  double sum = 0;
  for (int k = 1; k <= 1000; ++k) sum += std::pow(k, -exponent);
  for (const int k : {1, 2, 3, 10, 30}) {
    const double wanted = 1'000'000 * std::pow(k, -exponent) / sum;
    CHECK(counts.at(k) == Approx(wanted).epsilon(0.05));
  }
  CHECK(counts.begin()->first >= 1);
  CHECK(counts.rbegin()->first <= 1000);
}

TEST_CASE("scattered popular ids are the same law over other ids, each id once", "[bench]") {
  const auto counts = drawn({.name = "id", .how = generator::law::zipf, .first = 1, .last = 50}, 200'000);
  CHECK(counts.size() == 50);
  std::multiset<int, std::greater<>> sizes;
  for (const auto& [id, count] : counts) sizes.insert(count);
  CHECK(*sizes.begin() == Approx(200'000 / 4.4992).epsilon(0.03));  // 1 / H(50)
}

TEST_CASE("the last tenth, one fixed id, and a range that begins again", "[bench]") {
  const auto tenth =
      drawn({.name = "id", .how = generator::law::last_tenth, .first = 1, .last = 100}, 10'000);
  CHECK(tenth.begin()->first == 91);
  CHECK(tenth.size() == 10);
  CHECK(drawn({.name = "id", .how = generator::law::fixed, .first = 7, .last = 7}, 10).at(7) == 10);
  const auto range = drawn({.name = "id", .how = generator::law::range, .first = 3, .last = 5}, 9);
  CHECK(range == std::map<std::int64_t, int>{{3, 3}, {4, 3}, {5, 3}});
}

TEST_CASE("text has exactly the bytes asked for and neither begins nor ends with a blank", "[bench]") {
  random_numbers chance(3);
  for (std::int64_t bytes = 1; bytes < 200; ++bytes) {
    const source from({.name = "words", .how = generator::law::text, .first = 0, .last = bytes});
    std::string text = "\"";
    from.append_text(chance, text);
    REQUIRE(text.size() == static_cast<std::size_t>(bytes) + 1);
    CHECK(text[1] != ' ');
    CHECK(text.back() != ' ');
  }
}
