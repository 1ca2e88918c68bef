#include "lb/history.hpp"

#include <catch2/catch.hpp>

using namespace atelier;
using namespace atelier::lb;
using namespace std::chrono_literals;

namespace {

moment second(int number, total answered, total of_worker) {
  moment m;
  m.tick = clock::time_point(1h + std::chrono::seconds(number));
  m.answers[2] = answered;
  m.workers.push_back({.number = 7, .in_flight = 3, .requests = of_worker, .errors = of_worker / 10});
  return m;
}

bucket_totals counts(std::size_t bucket, total how_many) {
  bucket_totals out{};
  out[bucket] = how_many;
  return out;
}

}  // namespace

TEST_CASE("what happened in a second is the difference of two moments, whatever it took") {
  history past;
  past.note(second(0, 100, 10));
  CHECK(past.size() == 0);
  past.note(second(1, 150, 40));
  past.note(second(3, 250, 40));
  REQUIRE(past.size() == 2);
  CHECK(past.whole(0).requests == Approx(50));
  CHECK(past.whole(1).requests == Approx(50));  // 100 in two seconds
  CHECK(past.answers(0, 2) == Approx(50));
  CHECK(past.of_worker(0, 7)->requests == Approx(30));
  CHECK(past.of_worker(0, 7)->errors == Approx(3));
  CHECK(past.of_worker(1, 7)->requests == Approx(0));
  CHECK(past.of_worker(1, 7)->in_flight == 3);
  CHECK_FALSE(past.of_worker(1, 8));
}

TEST_CASE("a counter that has gone round counts on") {
  history past;
  past.note(second(0, 0xffff'fff0, 0));
  past.note(second(1, 16, 0));
  CHECK(past.whole(0).requests == Approx(32));
}

TEST_CASE("a minute is kept and no more, and a worker that came in it began with nothing") {
  history past;
  for (int i = 0; i < 500; ++i) past.note(second(i, static_cast<total>(i), 0));
  CHECK(past.size() == history::seconds);
  CHECK(past.at(history::seconds - 1).answers[2] == 499);
  auto with_another = second(500, 500, 0);
  with_another.workers.push_back({.number = 8, .requests = 20});
  past.note(with_another);
  CHECK(past.of_worker(history::seconds - 1, 8)->requests == Approx(20));
  CHECK_FALSE(past.of_worker(history::seconds - 2, 8));
}

TEST_CASE("percentiles lie within the bucket that they fall into") {
  CHECK_FALSE(times_between(counts(3, 5), counts(3, 5)));
  const auto even = times_between({}, counts(4, 100));  // 0.512 … 1.024 ms
  REQUIRE(even);
  CHECK(even->p50_ms == Approx(0.768));
  CHECK(even->p99_ms == Approx(1.01888));
  auto mixed = counts(0, 90);
  mixed[10] = 10;  // 32.8 … 65.5 ms
  const auto two = times_between({}, mixed);
  CHECK(two->p50_ms < 0.064);
  CHECK(two->p90_ms == Approx(0.064));
  CHECK(two->p99_ms == Approx(32.768 * 1.9));
  const auto beyond = times_between({}, counts(histogram::bounded_buckets, 1));
  CHECK(beyond->p50_ms == Approx(1000 * histogram::bound_seconds(histogram::bounded_buckets - 1)));
}

TEST_CASE("times are those of the last five seconds, so that one slow answer is seen for so long") {
  history past;
  for (int i = 0; i < 12; ++i) {
    auto m = second(i, 0, 0);
    if (i >= 3) m.times = counts(8, 1);
    past.note(m);
  }
  CHECK_FALSE(past.whole(1).times);  // of moment 2
  CHECK(past.whole(2).times);
  CHECK(past.whole(6).times);
  CHECK_FALSE(past.whole(7).times);
}
