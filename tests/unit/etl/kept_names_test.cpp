#include "etl/kept_names.hpp"

#include <catch2/catch.hpp>
#include <malloc.h>

#include <map>
#include <random>

using namespace atelier::etl;

namespace {

constexpr int many = 400'000;  // of some 100 bytes each

std::string a_name(int i) { return std::to_string(i) + std::string(static_cast<std::size_t>(i % 200), 'n'); }

}  // namespace

TEST_CASE("names come back by their numbers, and what comes again has the same one") {
  kept_names names;
  std::deque<std::string> own;
  const auto fit = names.number_of("Fit"), empty = names.number_of(""), again = names.number_of("Fit");
  REQUIRE((fit && empty && again));
  CHECK(*fit == *again);
  CHECK(*fit != *empty);
  CHECK(*fit != 0);
  CHECK(names.name_of(*fit, own).value() == "Fit");
  CHECK(names.name_of(*empty, own).value() == "");
  CHECK(own.empty());
}

TEST_CASE("however many different names there are, few of their bytes stay in memory, and all come back") {
  const auto in_use = [] {
    const auto now = mallinfo2();
    return now.uordblks + now.hblkhd;
  };
  std::mt19937_64 random(1);
  std::vector<std::uint32_t> numbers;
  numbers.reserve(many);
  [[maybe_unused]] const auto before = in_use();
  kept_names names;
  for (int i = 0; i < many; ++i) {
    const auto number = names.number_of(a_name(i));
    REQUIRE(number);
    numbers.push_back(*number);
  }
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they have allocators of their own
  CHECK(in_use() - before < kept_names::in_memory_bytes + many * 20 + (2 << 20));
#endif
  std::deque<std::string> own;
  for (int times = 0; times < 20'000; ++times) {
    const auto i = static_cast<int>(random() % many);
    const auto name = names.name_of(numbers[static_cast<std::size_t>(i)], own);
    REQUIRE(name);
    REQUIRE(*name == a_name(i));
  }
  CHECK(!own.empty());
  CHECK(names.name_of(numbers.back(), own).value() == a_name(many - 1));
  // Those that were there in time are still found, those on the disk are written once more.
  CHECK(*names.number_of(a_name(0)) == numbers[0]);
  const auto last = names.number_of(a_name(many - 1));
  REQUIRE(last);
  CHECK(names.name_of(*last, own).value() == a_name(many - 1));
}
