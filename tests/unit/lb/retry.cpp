#include "lb/retry.hpp"

#include <catch2/catch.hpp>

using namespace atelier::lb;

TEST_CASE("anything may be sent again of which nothing was sent") {
  CHECK(may_retry(progress::nothing_sent, {.repeatable = false}, 1));
  CHECK(may_retry(progress::nothing_sent, {.repeatable = true}, 1));
}

TEST_CASE("only what may be repeated is sent again once it was sent") {
  CHECK(may_retry(progress::sent, {.repeatable = true}, 1));
  CHECK_FALSE(may_retry(progress::sent, {.repeatable = false}, 1));
}

TEST_CASE("nothing is sent again after the first byte of an answer") {
  CHECK_FALSE(may_retry(progress::answer_started, {.repeatable = true}, 1));
  CHECK_FALSE(may_retry(progress::answer_started, {.repeatable = false}, 1));
}

TEST_CASE("a body that went by cannot be sent again") {
  CHECK_FALSE(may_retry(progress::sent, {.repeatable = true, .body_kept = false}, 1));
}

TEST_CASE("retries are counted") {
  CHECK_FALSE(may_retry(progress::nothing_sent, {.retries_done = 1}, 1));
  CHECK(may_retry(progress::nothing_sent, {.retries_done = 1}, 2));
  CHECK_FALSE(may_retry(progress::nothing_sent, {}, 0));
}

TEST_CASE("the budget is a share of the requests in flight, and at least three") {
  const retry_budget budget;
  CHECK(budget.allows(2, 0));
  CHECK_FALSE(budget.allows(3, 0));
  CHECK_FALSE(budget.allows(3, 15));
  CHECK(budget.allows(3, 16));
  CHECK(budget.allows(19, 100));
  CHECK_FALSE(budget.allows(20, 100));
}
