#include "db/pipeline.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <random>

using namespace atelier::db;
using verdict = pipeline::verdict;

namespace {

struct three_reads {
  pipeline queue{{.in_flight_max = 256, .waiting_max = 16, .sync_reads_max = 32}};
  operation a, b, c;

  three_reads() {
    REQUIRE(queue.push(a));
    REQUIRE(queue.push(b));
    REQUIRE(queue.push(c));
  }
};

using turn = std::vector<operation*>;

}  // namespace

TEST_CASE("the reads of a turn share a Sync, each write has its own and goes behind") {
  pipeline queue({});
  operation read_1, write_1, read_2, write_2;
  write_1.writes = write_2.writes = true;
  for (auto* one : {&read_1, &write_1, &read_2, &write_2}) REQUIRE(queue.push(*one));
  CHECK(queue.next_turn() == turn{&read_1, &read_2, nullptr, &write_1, nullptr, &write_2, nullptr});
  CHECK(queue.next_turn().empty());
  CHECK(queue.in_flight() == 4);
}

TEST_CASE("a Sync is not shared by more reads than allowed") {
  pipeline queue({.sync_reads_max = 2});
  operation a, b, c;
  for (auto* one : {&a, &b, &c}) REQUIRE(queue.push(*one));
  CHECK(queue.next_turn() == turn{&a, &b, nullptr, &c, nullptr});
}

TEST_CASE("a full queue refuses and changes nothing") {
  pipeline queue({.waiting_max = 1});
  operation a, b;
  CHECK(queue.push(a));
  CHECK_FALSE(queue.push(b));
  CHECK(queue.waiting() == 1);
  CHECK(b.where == operation::stage::idle);
}

TEST_CASE("no more statements are in flight than allowed") {
  pipeline queue({.in_flight_max = 2});
  operation a, b, c;
  for (auto* one : {&a, &b, &c}) REQUIRE(queue.push(*one));
  CHECK(queue.next_turn() == turn{&a, &b, nullptr});
  CHECK(queue.next_turn().empty());
  CHECK(queue.answered(verdict::succeeded) == &a);
  CHECK(queue.next_turn() == turn{&c, nullptr});
}

TEST_CASE(
    "a failed read does not fail its neighbours: they are sent again, in their order, before what came "
    "later") {
  three_reads t;
  operation later;
  t.queue.next_turn();
  REQUIRE(t.queue.push(later));
  CHECK(t.queue.answered(verdict::failed) == &t.a);
  CHECK(t.queue.answered(verdict::aborted) == nullptr);
  CHECK(t.queue.answered(verdict::aborted) == nullptr);
  CHECK(t.queue.expects_sync());
  t.queue.synced();
  CHECK(t.queue.next_turn() == turn{&t.b, &t.c, &later, nullptr});
}

TEST_CASE("a write is finished by its Sync, where it is committed, and not before") {
  pipeline queue({});
  operation write;
  write.writes = true;
  REQUIRE(queue.push(write));
  CHECK(queue.next_turn() == turn{&write, nullptr});
  CHECK(queue.answered(verdict::succeeded) == nullptr);
  CHECK(queue.awaits_server());
  CHECK(queue.synced() == &write);
  CHECK_FALSE(queue.awaits_server());
}

TEST_CASE("a write whose connection is lost before its Sync may have been done") {
  pipeline queue({});
  operation write;
  write.writes = true;
  REQUIRE(queue.push(write));
  queue.next_turn();
  CHECK(queue.answered(verdict::succeeded) == nullptr);
  CHECK(queue.lost().sent == turn{&write});
}

TEST_CASE("a lost connection tells what was sent from what was not") {
  three_reads t;
  operation later;
  t.queue.next_turn();
  REQUIRE(t.queue.push(later));
  CHECK(t.queue.answered(verdict::failed) == &t.a);
  CHECK(t.queue.answered(verdict::aborted) == nullptr);
  const auto left = t.queue.lost();
  CHECK(left.not_sent == turn{&t.b, &later});
  CHECK(left.sent == turn{&t.c});
  CHECK(t.queue.load() == 0);
}

// A server that answers in order, fails some statements, aborts up to the next Sync as PostgreSQL does, and
// sometimes dies.
TEST_CASE("every statement comes back exactly once, whatever fails") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto one_in = [&](unsigned n) { return random() % n == 0; };
  for (int round = 0; round < 200; ++round) {
    pipeline queue(
        {.in_flight_max = 1 + random() % 8, .waiting_max = 64, .sync_reads_max = 1 + random() % 4});
    std::vector<operation> all(40);
    std::map<const operation*, int> back;
    std::deque<operation*> server;
    bool aborting = false;
    const auto answer_one = [&] {
      if (server.empty()) return;
      auto* const front = server.front();
      server.pop_front();
      if (!front) {
        REQUIRE(queue.expects_sync());
        aborting = false;
        if (const auto* committed = queue.synced()) ++back[committed];
        return;
      }
      REQUIRE(queue.expects_answer());
      const auto v = aborting ? verdict::aborted : one_in(5) ? verdict::failed : verdict::succeeded;
      aborting |= v == verdict::failed;
      if (const auto* done = queue.answered(v)) ++back[done];
    };
    for (auto& one : all) {
      one.writes = one_in(3);
      REQUIRE(queue.push(one));
      for (auto* item : queue.next_turn()) server.push_back(item);
      while (one_in(2) && !server.empty()) answer_one();
      if (one_in(30)) {
        server.clear();
        aborting = false;
        const auto left = queue.lost();
        for (const auto* sent : left.sent) ++back[sent];
        for (auto* not_sent : left.not_sent) REQUIRE(queue.push(*not_sent));
      }
    }
    while (queue.load() > 0 || !server.empty()) {
      for (auto* item : queue.next_turn()) server.push_back(item);
      answer_one();
    }
    for (const auto& one : all) CHECK(back[&one] == 1);
  }
}
