#include "app/api/echoes.hpp"

#include <catch2/catch.hpp>

using namespace atelier;
using namespace atelier::api;
using namespace std::chrono_literals;

namespace {

constexpr worker_id self = 1;
constexpr worker_id second = 2;
constexpr worker_id third = 3;

echoes circle(const std::vector<worker_id>& members) {
  echoes e(self);
  e.members_are(members);
  e.nobody_else_is();
  return e;
}

const auto start = clock::now();
clock::time_point after(std::chrono::milliseconds passed) { return start + passed; }

}  // namespace

TEST_CASE("a commit is known when its announcement is back and every other member has echoed it") {
  auto e = circle({self, second, third});
  const auto n = e.begin();
  e.committed(n, start);
  e.echoed(n, second);
  CHECK_FALSE(e.is_known(n));
  e.announced(n);
  CHECK_FALSE(e.is_known(n));
  e.echoed(n, third);
  CHECK(e.is_known(n));
  CHECK(e.take_known() == std::vector<std::uint64_t>{n});
  CHECK(e.take_known().empty());
}

TEST_CASE("alone, a commit is known when its own announcement is back") {
  auto e = circle({self});
  const auto n = e.begin();
  e.announced(n);
  CHECK(e.is_known(n));
}

TEST_CASE("a member that joined before the announcement is waited for, one that joined after it is not") {
  auto e = circle({self});
  const auto first = e.begin();
  const auto next = e.begin();
  e.announced(first);
  e.joined(second);
  e.announced(next);
  CHECK(e.is_known(first));
  CHECK_FALSE(e.is_known(next));
}

TEST_CASE("until the members are known only the lease ends a wait") {
  echoes e(self);
  const auto n = e.begin();
  e.committed(n, start);
  e.announced(n);
  e.tick(after(lease));
  CHECK_FALSE(e.is_known(n));
  e.tick(after(lease + lease_margin));
  CHECK(e.is_known(n));
}

TEST_CASE("a silent member costs a lease, and is to be evicted when it stays silent") {
  auto e = circle({self, second});
  const auto n = e.begin();
  e.committed(n, start);
  e.announced(n);
  CHECK(e.tick(after(lease + lease_margin)).empty());  // one datagram may get lost
  CHECK(e.is_known(n));
  const auto later = e.begin();
  e.committed(later, after(2 * lease));
  e.announced(later);
  CHECK(e.tick(after(3 * lease + lease_margin)) == std::vector<worker_id>{second});
  CHECK(e.whole_leases_waited() == 2);
}

TEST_CASE("who could not be evicted is named again after another lease of silence, not with every write") {
  auto e = circle({self, second});
  const auto write_in_vain_at = [&](std::chrono::milliseconds passed) {
    const auto n = e.begin();
    e.committed(n, after(passed - lease - lease_margin));
    e.announced(n);
    return e.tick(after(passed));
  };
  const auto named = std::vector{second};
  CHECK(write_in_vain_at(1 * lease).empty());
  CHECK(write_in_vain_at(2 * lease).empty());
  CHECK(write_in_vain_at(2 * lease + 1ms) == named);
  CHECK(write_in_vain_at(2 * lease + 2ms).empty());
  CHECK(write_in_vain_at(3 * lease + 1ms).empty());
  CHECK(write_in_vain_at(3 * lease + 2ms) == named);
}

TEST_CASE("who left before the members are known is waited for until it is evicted") {
  echoes e(self);
  e.left(second);  // heard while the table, in which it still stood, was being looked at
  e.members_are({self, second});
  e.nobody_else_is();
  CHECK(e.members() == 2);
  e.evicted(second);
  CHECK(e.members() == 1);
}

TEST_CASE("a write whose announcement does not come back waits a whole lease, and that is counted") {
  auto e = circle({self});
  const auto n = e.begin();
  e.committed(n, start);
  e.tick(after(lease + lease_margin));
  CHECK(e.is_known(n));
  CHECK(e.whole_leases_waited() == 1);
}

TEST_CASE("until nobody else can be a member only the lease ends a wait, and nobody is to blame") {
  echoes e(self);
  e.members_are({self});
  const auto early = e.begin();
  e.committed(early, start);
  e.announced(early);
  CHECK_FALSE(e.is_known(early));
  e.nobody_else_is();
  const auto n = e.begin();
  e.announced(n);
  CHECK(e.is_known(n));
  CHECK_FALSE(e.is_known(early));
  e.tick(after(lease + lease_margin));
  CHECK(e.is_known(early));
  CHECK(e.whole_leases_waited() == 0);
}

TEST_CASE("an echo clears the suspicion") {
  auto e = circle({self, second});
  const auto n = e.begin();
  e.committed(n, start);
  e.announced(n);
  e.tick(after(lease + lease_margin));
  e.echoed(n, second);
  const auto later = e.begin();
  e.committed(later, after(2 * lease));
  e.announced(later);
  CHECK(e.tick(after(3 * lease + lease_margin)).empty());
}

TEST_CASE("an evicted member counts until a write behind that has waited its lease, one that left does not") {
  auto e = circle({self, second, third});
  const auto write = [&](std::chrono::milliseconds at) {
    const auto n = e.begin();
    e.committed(n, after(at));
    e.announced(n);
    return n;
  };
  constexpr auto wait = lease + lease_margin;
  const auto before = write(0ms);
  e.evicted(second);
  e.left(third);
  const auto behind = write(10ms);
  e.tick(after(wait));
  CHECK(e.is_known(before));
  CHECK_FALSE(e.is_known(behind));
  const auto next = write(wait + 5ms);
  CHECK_FALSE(e.is_known(next));
  e.tick(after(10ms + wait));
  CHECK(e.is_known(behind));
  CHECK(e.is_known(next));
  CHECK(e.is_known(write(2 * wait)));
  CHECK(e.whole_leases_waited() == 0);
}

TEST_CASE("who joins again after it was evicted is waited for as ever") {
  auto e = circle({self, second});
  e.evicted(second);
  const auto n = e.begin();
  e.committed(n, start);
  e.announced(n);
  e.joined(second);
  e.tick(after(lease + lease_margin));
  CHECK(e.is_known(n));
  const auto next = e.begin();
  e.announced(next);
  CHECK_FALSE(e.is_known(next));
  e.echoed(next, second);
  CHECK(e.is_known(next));
}

TEST_CASE("who leaves while it is waited for is waited for no more") {
  auto e = circle({self, second});
  const auto n = e.begin();
  e.announced(n);
  e.left(second);
  CHECK(e.is_known(n));
}

TEST_CASE("a commit that was forgotten is not announced to anyone") {
  auto e = circle({self});
  const auto n = e.begin();
  e.forget(n);
  e.announced(n);
  CHECK(e.take_known().empty());
  CHECK(e.waiting() == 0);
}
