#include "db/pipeline.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <random>

using namespace atelier::db;
using verdict = pipeline::verdict;

namespace {

using turn = std::vector<operation*>;

struct three_reads {
  waiting_line line{16};
  pipeline queue;
  operation a, b, c;

  three_reads() {
    REQUIRE(line.push(a));
    REQUIRE(line.push(b));
    REQUIRE(line.push(c));
  }
};

// Those that come back as one.
turn together(operation* first) {
  turn all;
  for (auto* one = first; one; one = one->goes_with) all.push_back(one);
  return all;
}

// So many of each, in a line.
struct crowd {
  waiting_line line{1000};
  std::vector<operation> reads, writes;

  crowd(std::size_t r, std::size_t w) : reads(r), writes(w) {
    for (auto& one : writes) one.writes = true;
    for (auto* all : {&reads, &writes})
      for (auto& one : *all) REQUIRE(line.push(one));
  }
};

}  // namespace

TEST_CASE("the reads of a turn share a Sync, a write has its own and goes behind") {
  waiting_line line(16);
  pipeline queue;
  operation read_1, write_1, read_2, write_2;
  write_1.writes = write_2.writes = true;
  for (auto* one : {&read_1, &write_1, &read_2, &write_2}) REQUIRE(line.push(*one));
  CHECK(queue.next_turn(line, true) == turn{&read_1, &read_2, nullptr, &write_1, nullptr});
  CHECK(queue.in_flight() == 3);
  CHECK(queue.is_held());
  CHECK(line.size() == 1);
}

TEST_CASE("what comes while a turn is in flight goes with the next") {
  waiting_line line(16);
  pipeline queue;
  operation a, b, c;
  REQUIRE(line.push(a));
  CHECK(queue.next_turn(line, true) == turn{&a, nullptr});
  REQUIRE(line.push(b));
  REQUIRE(line.push(c));
  CHECK(queue.next_turn(line, true).empty());
  CHECK(queue.answered(verdict::succeeded) == &a);
  CHECK(queue.next_turn(line, true).empty());
  queue.synced(line);
  CHECK(queue.next_turn(line, true) == turn{&b, &c, nullptr});
}

TEST_CASE("a turn takes no more reads than may wait for a slow one among them") {
  waiting_line line(16);
  pipeline queue(2);
  operation a, b, c;
  for (auto* one : {&a, &b, &c}) REQUIRE(line.push(*one));
  CHECK(queue.next_turn(line, true) == turn{&a, &b, nullptr});
  CHECK(line.size() == 1);
}

TEST_CASE("reads of one kind go as one statement, in their order; those of none go alone") {
  waiting_line line(16);
  pipeline queue;
  std::array<operation, 7> reads;
  for (std::size_t i = 0; i < reads.size(); ++i) {
    reads[i].kind = std::array<std::uint64_t, 7>{1, 2, 0, 1, 0, 2, 1}[i];
    REQUIRE(line.push(reads[i]));
  }
  CHECK(queue.next_turn(line, true) == turn{&reads[0], &reads[1], &reads[2], &reads[4], nullptr});
  CHECK(queue.in_flight() == 7);
  CHECK(together(queue.answered(verdict::succeeded)) == turn{&reads[0], &reads[3], &reads[6]});
  CHECK(queue.in_flight() == 4);
  CHECK(together(queue.answered(verdict::succeeded)) == turn{&reads[1], &reads[5]});
  CHECK(together(queue.answered(verdict::succeeded)) == turn{&reads[2]});
}

TEST_CASE("a turn counts every read, also those that go with another") {
  waiting_line line(16);
  pipeline queue(2);
  std::array<operation, 3> reads;
  for (auto& one : reads) {
    one.kind = 1;
    REQUIRE(line.push(one));
  }
  CHECK(together(queue.next_turn(line, true).front()) == turn{&reads[0], &reads[1]});
  CHECK(line.size() == 1);
}

TEST_CASE(
    "a statement of several reads that fails is sent again for each alone, and then an error has its "
    "caller") {
  waiting_line line(16);
  pipeline queue;
  operation a, b;
  a.kind = b.kind = 1;
  REQUIRE(line.push(a));
  REQUIRE(line.push(b));
  CHECK(queue.next_turn(line, true) == turn{&a, nullptr});
  CHECK(queue.answered(verdict::failed) == nullptr);
  queue.synced(line);
  CHECK(queue.next_turn(line, true) == turn{&a, &b, nullptr});
  CHECK(queue.answered(verdict::failed) == &a);
  CHECK(queue.answered(verdict::aborted) == nullptr);
}

TEST_CASE("when a statement of several reads took too long their time is over, and nobody is sent again") {
  waiting_line line(16);
  pipeline queue;
  operation a, b, c;
  a.kind = b.kind = 1;
  for (auto* one : {&a, &b, &c}) REQUIRE(line.push(*one));
  CHECK(queue.next_turn(line, true) == turn{&a, &c, nullptr});
  CHECK(together(queue.answered(verdict::too_slow)) == turn{&a, &b});
  CHECK(queue.answered(verdict::aborted) == nullptr);
  queue.synced(line);
  CHECK(queue.next_turn(line, true) == turn{&c, nullptr});
}

TEST_CASE("reads of a slow statement go behind all others, and on few connections, until one succeeds") {
  waiting_line line(16);
  operation slow_1, slow_2, quick, write;
  slow_1.statement = slow_2.statement = 7;
  slow_1.kind = slow_2.kind = 1;
  write.writes = true;
  REQUIRE(line.push(slow_1));
  line.is_slow(7);
  for (auto* one : {&slow_2, &quick, &write}) REQUIRE(line.push(*one));
  pipeline first, second;
  CHECK(first.next_turn(line, true, false) == turn{&quick, nullptr, &write, nullptr});
  CHECK_FALSE(first.is_slow());
  CHECK(second.next_turn(line, true, true) == turn{&slow_1, nullptr});
  CHECK(second.is_slow());
  CHECK(second.is_held());
  CHECK(together(second.answered(verdict::succeeded)) == turn{&slow_1, &slow_2});
  second.synced(line);
  CHECK_FALSE(second.is_held());
  REQUIRE(line.push(slow_1));
  line.is_quick(7);
  CHECK(second.next_turn(line, false, false) == turn{&slow_1, nullptr});
}

TEST_CASE(
    "writes of a slow statement go behind all else, one a turn, and other writes do not wait for them") {
  waiting_line line(16);
  operation slow_1, slow_2, read, write;
  for (auto* one : {&slow_1, &slow_2, &write}) one->writes = true;
  slow_1.statement = slow_2.statement = read.statement = 7;
  for (auto* one : {&slow_1, &slow_2, &read, &write}) REQUIRE(line.push(*one));
  line.is_slow(7);
  pipeline first, second;
  CHECK(first.next_turn(line, true, false) == turn{&write, nullptr});
  CHECK(second.next_turn(line, true, true) == turn{&read, nullptr, &slow_1, nullptr});
  CHECK(second.is_slow());
  CHECK(line.slow_writes() == 1);
  CHECK(turns_wanted(line, 0, 1, 2) == 1);
  line.is_quick(7);
  CHECK(line.take_write() == &slow_2);
}

TEST_CASE("a read that a slow one took with it waits apart if its statement is slow too") {
  waiting_line line(16);
  pipeline queue;
  operation a, b, c;
  a.statement = b.statement = 7;
  for (auto* one : {&a, &b, &c}) REQUIRE(line.push(*one));
  CHECK(queue.next_turn(line, true) == turn{&a, &b, &c, nullptr});
  CHECK(queue.answered(verdict::too_slow) == &a);
  line.is_slow(7);
  queue.answered(verdict::aborted);
  queue.answered(verdict::aborted);
  queue.synced(line);
  CHECK(line.reads() == 1);
  CHECK(queue.next_turn(line, true) == turn{&c, nullptr, &b, nullptr});
}

TEST_CASE("who has waited too long is taken from the line, whatever waits with him") {
  using namespace std::chrono_literals;
  waiting_line line(16);
  const auto now = atelier::clock::now();
  operation late_read, read, late_write, late_slow;
  late_slow.statement = 7;
  late_write.writes = true;
  line.is_slow(7);
  read.until = now + 1s;
  for (auto* one : {&late_read, &late_write, &late_slow}) one->until = now;
  for (auto* one : {&late_read, &read, &late_write, &late_slow}) REQUIRE(line.push(*one));
  CHECK(line.take_late(now) == turn{&late_read, &late_write, &late_slow});
  CHECK(line.size() == 1);
  CHECK(line.take_read() == &read);
}

TEST_CASE("of a lost connection come back all that went as one statement") {
  waiting_line line(16);
  pipeline queue;
  operation a, b;
  a.kind = b.kind = 1;
  REQUIRE(line.push(a));
  REQUIRE(line.push(b));
  queue.next_turn(line, true);
  CHECK(queue.lost().sent == turn{&a, &b});
  CHECK(a.goes_with == nullptr);
}

TEST_CASE("where enough connections write, a turn takes reads only") {
  crowd all(1, 1);
  pipeline queue;
  CHECK(queue.next_turn(all.line, false) == turn{&all.reads[0], nullptr});
  CHECK_FALSE(queue.is_held());
}

TEST_CASE("a full line refuses and changes nothing") {
  waiting_line line(1);
  operation a, b;
  CHECK(line.push(a));
  CHECK_FALSE(line.push(b));
  CHECK(line.size() == 1);
  CHECK(b.where == operation::stage::idle);
}

TEST_CASE("as many connections are woken as what waits has turns, and one is left for reads") {
  CHECK(turns_wanted(crowd(0, 0).line, 0, 0, 2) == 0);
  CHECK(turns_wanted(crowd(1, 0).line, 0, 0, 2) == 1);
  CHECK(turns_wanted(crowd(turn_reads_max, 0).line, 0, 0, 2) == 1);
  CHECK(turns_wanted(crowd(turn_reads_max + 1, 0).line, 0, 0, 2) == 2);
  CHECK(turns_wanted(crowd(turn_reads_max + 1, 0).line, 1, 0, 2) == 1);
  CHECK(turns_wanted(crowd(5, 0).line, 1, 0, 2) == 0);
  CHECK(turns_wanted(crowd(0, 5).line, 0, 0, 2) == 2);
  CHECK(turns_wanted(crowd(0, 5).line, 0, 1, 2) == 1);
  CHECK(turns_wanted(crowd(0, 5).line, 0, 2, 2) == 0);
  CHECK(turns_wanted(crowd(1, 5).line, 0, 2, 2) == 1);
  // A turn that will be back soon takes what does not make a whole one.
  CHECK(turns_wanted(crowd(turn_reads_max - 1, 0).line, 0, 0, 2, true) == 0);
  CHECK(turns_wanted(crowd(turn_reads_max, 0).line, 0, 0, 2, true) == 1);
  CHECK(turns_wanted(crowd(1, 1).line, 0, 0, 2, true) == 1);
  crowd slow(5, 0);
  slow.line.is_slow(0);
  CHECK(turns_wanted(slow.line, 0, 0, 2) == 1);
  CHECK(turns_wanted(slow.line, 0, 2, 2) == 0);
}

TEST_CASE(
    "a failed read does not fail its neighbours: they are sent again, in their order, before what came "
    "later") {
  three_reads t;
  operation later;
  t.queue.next_turn(t.line, true);
  REQUIRE(t.line.push(later));
  CHECK(t.queue.answered(verdict::failed) == &t.a);
  CHECK(t.queue.answered(verdict::aborted) == nullptr);
  CHECK(t.queue.answered(verdict::aborted) == nullptr);
  CHECK(t.queue.expects_sync());
  t.queue.synced(t.line);
  CHECK(t.queue.next_turn(t.line, true) == turn{&t.b, &t.c, &later, nullptr});
}

TEST_CASE("a write is finished by its Sync, where it is committed, and not before") {
  crowd one(0, 1);
  pipeline queue;
  CHECK(queue.next_turn(one.line, true) == turn{&one.writes[0], nullptr});
  CHECK(queue.answered(verdict::succeeded) == nullptr);
  CHECK(queue.awaits_server());
  CHECK(queue.synced(one.line) == &one.writes[0]);
  CHECK_FALSE(queue.awaits_server());
  CHECK_FALSE(queue.is_held());
}

TEST_CASE("a write whose connection is lost before its Sync may have been done") {
  crowd one(0, 1);
  pipeline queue;
  queue.next_turn(one.line, true);
  CHECK(queue.answered(verdict::succeeded) == nullptr);
  CHECK(queue.lost().sent == turn{&one.writes[0]});
  CHECK_FALSE(queue.is_held());
}

TEST_CASE("a lost connection tells what may have run from what did not; who waits still waits") {
  three_reads t;
  operation later;
  t.queue.next_turn(t.line, true);
  REQUIRE(t.line.push(later));
  CHECK(t.queue.answered(verdict::failed) == &t.a);
  CHECK(t.queue.answered(verdict::aborted) == nullptr);
  const auto left = t.queue.lost();
  CHECK(left.aborted == turn{&t.b});
  CHECK(left.sent == turn{&t.c});
  CHECK(t.queue.in_flight() == 0);
  CHECK(t.line.take_read() == &later);
}

// Servers that answer in order, fail some statements, abort up to the next Sync as PostgreSQL does, and
// sometimes die; their connections take turns from one line.
TEST_CASE("every statement comes back exactly once, whatever fails") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto one_in = [&](unsigned n) { return random() % n == 0; };
  for (int round = 0; round < 200; ++round) {
    waiting_line line(64);
    struct connection {
      pipeline queue;
      std::deque<operation*> server = {};
      bool aborting = false;
    };
    std::vector<connection> connections;
    for (int i = 0; i < 3; ++i) connections.push_back({pipeline(1 + random() % 4)});
    std::vector<operation> all(40);
    std::map<const operation*, int> back;
    const auto take = [&](connection& c) {
      for (auto* item : c.queue.next_turn(line, one_in(2), one_in(2))) c.server.push_back(item);
    };
    const auto answer_one = [&](connection& c) {
      if (c.server.empty()) return;
      auto* const front = c.server.front();
      c.server.pop_front();
      if (!front) {
        REQUIRE(c.queue.expects_sync());
        c.aborting = false;
        if (const auto* committed = c.queue.synced(line)) ++back[committed];
        return;
      }
      REQUIRE(c.queue.expects_answer());
      const auto v = c.aborting  ? verdict::aborted
                     : one_in(8) ? verdict::failed
                     : one_in(8) ? verdict::too_slow
                                 : verdict::succeeded;
      c.aborting |= v != verdict::succeeded;
      for (const auto* done : together(c.queue.answered(v))) ++back[done];
    };
    const auto die = [&](connection& c) {
      c.server.clear();
      c.aborting = false;
      const auto left = c.queue.lost();
      for (const auto* sent : left.sent) ++back[sent];
      line.push_front(left.aborted);
    };
    for (auto& one : all) {
      one.writes = one_in(3);
      one.kind = one.writes ? 0 : random() % 4;
      one.statement = random() % 4;
      if (one.kind != 0) one.statement = one.kind;
      if (one_in(4)) one_in(2) ? line.is_slow(random() % 4) : line.is_quick(random() % 4);
      REQUIRE(line.push(one));
      auto& c = connections[random() % connections.size()];
      take(c);
      while (one_in(2) && !c.server.empty()) answer_one(c);
      if (one_in(30)) die(c);
    }
    const auto busy = [&] {
      return line.size() > 0 || std::any_of(connections.begin(), connections.end(),
                                            [](const auto& c) { return c.queue.awaits_server(); });
    };
    while (busy())
      for (auto& c : connections) {
        take(c);
        answer_one(c);
      }
    for (const auto& one : all) CHECK(back[&one] == 1);
  }
}
