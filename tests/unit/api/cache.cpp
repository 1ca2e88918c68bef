#include "app/api/cache.hpp"

#include <catch2/catch.hpp>
#include <malloc.h>

#include <list>
#include <random>
#include <unordered_map>

using namespace atelier;
using namespace atelier::api;

namespace {

lookup list_of(std::int64_t product, std::int64_t page = 1) {
  return {statement::reviews_newest, product, page, 5};
}
constexpr topic reviews_of(std::int64_t product) { return {topic::kind::reviews, product}; }

shared_answer text(const std::string& body) { return finished_answer::ok(body); }

void put(answer_cache& cache, const lookup& what, const std::string& body) {
  cache.land(cache.take_off(what), text(body));
}

}  // namespace

TEST_CASE("an answer that was kept is found, and another page is not") {
  answer_cache cache(1 << 20);
  CHECK_FALSE(cache.find(list_of(1)));
  put(cache, list_of(1), "one");
  REQUIRE(cache.find(list_of(1)));
  CHECK(cache.find(list_of(1))->body() == "one");
  CHECK_FALSE(cache.find(list_of(1, 2)));
  CHECK_FALSE(cache.find(list_of(2)));
  CHECK_FALSE(cache.find({statement::reviews_helpful, 1, 1, 5}));
}

TEST_CASE("a change drops every answer of its topic and no other") {
  answer_cache cache(1 << 20);
  put(cache, list_of(1), "a");
  put(cache, list_of(1, 2), "b");
  put(cache, {statement::meta, 1}, "c");
  put(cache, {statement::questions, 1, 1, 5}, "d");
  put(cache, list_of(2), "e");
  cache.forget(reviews_of(1));
  CHECK(cache.size() == 2);
  CHECK_FALSE(cache.find(list_of(1)));
  CHECK_FALSE(cache.find({statement::meta, 1}));
  CHECK(cache.find({statement::questions, 1, 1, 5}));
  CHECK(cache.find(list_of(2)));
  cache.forget_all();
  CHECK(cache.size() == 0);
  CHECK(cache.bytes() == 0);
}

TEST_CASE("a query that a change overtook is neither joined nor kept") {
  answer_cache cache(1 << 20);
  const auto old_flight = cache.take_off(list_of(1));
  CHECK(cache.under_way(list_of(1)) == old_flight);
  cache.forget(reviews_of(1));
  CHECK_FALSE(cache.under_way(list_of(1)));
  const auto new_flight = cache.take_off(list_of(1));
  cache.land(new_flight, text("new"));
  cache.land(old_flight, text("old"));
  REQUIRE(cache.find(list_of(1)));
  CHECK(cache.find(list_of(1))->body() == "new");
}

TEST_CASE("a failed query is told and not kept") {
  answer_cache cache(1 << 20);
  const auto one = cache.take_off(list_of(1));
  cache.land(one, refusal{503, "Error: no"});
  CHECK(one->result.error().status == 503);
  CHECK_FALSE(cache.find(list_of(1)));
  CHECK_FALSE(cache.under_way(list_of(1)));
}

namespace {

constexpr std::size_t room_for_nine = 10'000;
const std::string a_thousand(900, 'x');  // bytes, with all that keeping one takes

}  // namespace

TEST_CASE("what was not used for the longest time makes room") {
  answer_cache cache(room_for_nine);
  for (int i = 0; i < 9; ++i) put(cache, list_of(i), a_thousand);
  REQUIRE(cache.size() == 9);
  for (int i = 0; i < 9; ++i)
    if (i != 5) CHECK(cache.find(list_of(i)));
  put(cache, list_of(9), a_thousand);
  CHECK(cache.size() == 9);
  CHECK_FALSE(cache.find(list_of(5)));
  CHECK(cache.find(list_of(9)));
}

TEST_CASE("what was used often stays longer than what was used since") {
  answer_cache cache(room_for_nine);
  for (int i = 0; i < 9; ++i) put(cache, list_of(i), a_thousand);
  for (int n = 0; n < 9; ++n) CHECK(cache.find(list_of(0)));
  for (int i = 1; i < 9; ++i) CHECK(cache.find(list_of(i)));
  put(cache, list_of(9), a_thousand);
  CHECK(cache.find(list_of(0)));
  CHECK_FALSE(cache.find(list_of(1)));
}

TEST_CASE("what was popular once leaves in the end") {
  answer_cache cache(room_for_nine);
  put(cache, list_of(0), a_thousand);
  for (int n = 0; n < 1'000; ++n) CHECK(cache.find(list_of(0)));
  for (int i = 1; i <= 300; ++i) put(cache, list_of(i), a_thousand);
  CHECK_FALSE(cache.find(list_of(0)));
}

TEST_CASE("what takes more room leaves earlier, and what takes more than its share is not kept") {
  answer_cache cache(room_for_nine);
  put(cache, list_of(0), std::string(100, 'x'));
  put(cache, list_of(1), a_thousand);
  for (int i = 2; cache.counted().evicted == 0; ++i) put(cache, list_of(i), a_thousand);
  CHECK(cache.find(list_of(0)));
  CHECK_FALSE(cache.find(list_of(1)));
  put(cache, list_of(100), std::string(2'000, 'x'));
  CHECK_FALSE(cache.find(list_of(100)));
  CHECK(cache.bytes() <= room_for_nine);
}

// The law by which products are read (bench/scenarios/popular.json), a cache of a tenth of them.
TEST_CASE("of popular answers more are found than the same bytes held by recency alone would give") {
  constexpr int products = 5'000, reads = 200'000;
  std::vector<double> weights;
  for (int i = 1; i <= products; ++i) weights.push_back(1.0 / i);
  std::discrete_distribution<int> zipf(weights.begin(), weights.end());
  std::minstd_rand random(7);
  answer_cache cache(500'000);
  std::list<int> recent;  // its front was used last
  std::unordered_map<int, std::list<int>::iterator> held;
  int found = 0, found_recent = 0;
  for (int i = 0; i < reads; ++i) {
    const int product = zipf(random);
    if (cache.find(list_of(product)))
      ++found;
    else
      put(cache, list_of(product), a_thousand);
    if (const auto one = held.find(product); one != held.end()) {
      ++found_recent;
      recent.splice(recent.begin(), recent, one->second);
      continue;
    }
    held[product] = recent.insert(recent.begin(), product);
    if (held.size() <= cache.size()) continue;
    held.erase(recent.back());
    recent.pop_back();
  }
  CAPTURE(found, found_recent);
  CHECK(found > found_recent + reads / 50);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they have allocators of their own
TEST_CASE("the bytes that are counted are those that the heap gave") {
  std::minstd_rand random(7);
  answer_cache cache(1 << 30);
  const auto before = mallinfo2();
  for (int i = 0; i < 20'000; ++i)
    put(cache, i % 2 ? list_of(i) : lookup{statement::meta, i - 1}, std::string(random() % 3'000, 'x'));
  const auto now = mallinfo2();
  const auto taken = now.uordblks + now.hblkhd - before.uordblks - before.hblkhd;
  CHECK(cache.bytes() + 64 * 1024 >= taken);  // the last block of entries is not full
  CHECK(cache.bytes() <= taken + taken / 20);
}
#endif

TEST_CASE("one topic does not fill the cache with its pages") {
  answer_cache cache(1 << 20);
  for (int page = 1; page <= 100; ++page) put(cache, list_of(1, page), "x");
  CHECK(cache.size() == 32);
  CHECK(cache.find(list_of(1, 100)));
  CHECK_FALSE(cache.find(list_of(1, 1)));
}

TEST_CASE("bytes and answers agree after any sequence of changes") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::minstd_rand random(seed);
  answer_cache cache(50'000);
  std::vector<shared_flight> flights;
  for (int i = 0; i < 20'000; ++i) {
    const lookup what = list_of(static_cast<int>(random() % 30), static_cast<int>(1 + random() % 40));
    switch (random() % 5) {
      case 0:
        flights.push_back(cache.take_off(what));
        break;
      case 1:
        if (flights.empty()) break;
        cache.land(flights.back(), text(std::string(random() % 3'000, 'x')));
        flights.pop_back();
        break;
      case 2:
        cache.forget(reviews_of(static_cast<int>(random() % 30)));
        break;
      case 3:
        cache.find(what);
        break;
      default:
        if (random() % 500 == 0) cache.forget_all();
    }
    REQUIRE(cache.bytes() <= 50'000);
    REQUIRE((cache.size() == 0) == (cache.bytes() == 0));
  }
}
