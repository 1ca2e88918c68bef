// Writes beside each other: votes that come together share a statement and a commit, each counts exactly;
// what is locked holds up nothing else.
#include "integration/cache_fleet.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <random>
#include <thread>

using namespace atelier::cache_fleet;

namespace {

constexpr int unknown = 88'888'888;

const std::vector<std::string> patient = {"--statement-timeout", "30s"};

std::string review_of(int product) {
  return fmt::format(R"({{"product_id":{},"rating":4,"body":"b","recommend":true,"name":"n","email":"a@b"}})",
                     product);
}

// A new review of a product; its id.
int posted(const worker& w, int product) {
  const auto said = http_client(w.port).post("/reviews", review_of(product));
  REQUIRE(said.status == 201);
  return std::stoi(said.header("Location")->substr(std::string_view("/reviews/").size()));
}

// Five reviews of five products.
std::array<int, 5> five_reviews(const worker& w) {
  std::array<int, 5> ids{};
  for (int i = 0; i < 5; ++i) ids[static_cast<std::size_t>(i)] = posted(w, 5001 + i);
  return ids;
}

http_client sent_vote(const worker& w, int id) {
  http_client client(w.port, 60s);
  client.send(fmt::format("PUT {}/helpful HTTP/1.1\r\nHost: h\r\n\r\n", review(id)));
  return client;
}

double votes(const worker& w) { return w.metric("atelier_api_votes_total"); }
double batches(const worker& w) { return w.metric("atelier_api_vote_batches_total"); }

bool waits_for_a_lock(sql& watcher) {
  return wait_until(20s, [&] { return watcher.run("select count(*)" + waiting_sessions) == "1"; });
}

// A transaction that has something to itself.
struct locked {
  locked(const std::string& conninfo, const std::string& by) : session(conninfo) {
    session.run("begin");
    session.run(by);
  }
  void release() { session.run("commit"); }

  sql session;
};

struct locked_review : locked {
  locked_review(const std::string& conninfo, int id)
      : locked(conninfo, fmt::format("select from atelier.reviews where id = {} for update", id)) {}
};

struct locked_counters : locked {
  locked_counters(const std::string& conninfo, int product)
      : locked(conninfo,
               fmt::format("select from atelier.product_meta where product_id = {} for update", product)) {}
};

}  // namespace

TEST_CASE("votes that came while the last were under way are one commit", "[votes]") {
  fleet f(0);
  f.start("16", patient);
  const auto& w = f.workers.front();
  const auto ids = five_reviews(w);
  const int before_all = posted(w, 5000);
  sql watcher(f.conninfo());

  locked holds_up(f.conninfo(), "lock table atelier.reviews in share mode");  // whoever changes a row waits
  auto first = sent_vote(w, before_all);
  REQUIRE(waits_for_a_lock(watcher));
  std::vector<http_client> together;
  for (const auto id : ids) together.push_back(sent_vote(w, id));
  auto in_vain = sent_vote(w, unknown);
  REQUIRE(wait_until(20s, [&] { return w.metric("atelier_api_requests_in_flight") == 7; }));
  holds_up.release();

  CHECK(first.read().status == 204);
  for (auto& client : together) CHECK(client.read().status == 204);
  CHECK(in_vain.read().status == 404);
  for (const auto id : ids) CHECK(helpful_now(w, id) == 1);
  CHECK(votes(w) == 7);
  CHECK(batches(w) == 2);
}

TEST_CASE("votes for a review that somebody has locked wait for him and hold up no others", "[votes]") {
  fleet f(0);
  f.start("16", patient);
  const auto& w = f.workers.front();
  const auto ids = five_reviews(w);
  locked_review locked(f.conninfo(), ids[0]);
  locked_review locked_too(f.conninfo(), ids[1]);
  std::vector<http_client> waiting;
  for (const auto id : {ids[0], ids[1], ids[0], ids[1], ids[0]}) waiting.push_back(sent_vote(w, id));
  const std::size_t held = waiting.size();
  for (int round = 1; round <= 20; ++round) {
    for (const auto id : {ids[2], ids[3], ids[4]}) {
      CHECK(http_client(w.port).put(review(id) + "/helpful").status == 204);
      CHECK(helpful_now(w, id) == round);
    }
    CHECK(http_client(w.port).put(review(unknown) + "/helpful").status == 404);
  }
  CHECK(w.metric("atelier_api_requests_in_flight") == double(held));
  CHECK(helpful_now(w, ids[0]) == 0);

  locked_too.release();
  CHECK(waiting[1].read().status == 204);
  CHECK(waiting[3].read().status == 204);
  CHECK(helpful_now(w, ids[1]) == 2);
  CHECK(w.metric("atelier_api_requests_in_flight") == 3);
  locked.release();
  for (const std::size_t i : {0, 2, 4}) CHECK(waiting[i].read().status == 204);
  CHECK(helpful_now(w, ids[0]) == 3);
  CHECK(http_client(w.port).put(review(ids[0]) + "/helpful").status == 204);
  CHECK(helpful_now(w, ids[0]) == 4);
}

TEST_CASE("whatever is voted for or reported waits for who has it locked, and counts", "[votes]") {
  fleet f(0);
  f.start("16", patient);
  const auto& w = f.workers.front();
  sql watcher(f.conninfo());
  const std::vector<std::array<std::string, 4>> kinds{
      {"reviews", "/reviews/", "/helpful", "helpfulness"},
      {"reviews", "/reviews/", "/report", "reported::int"},
      {"questions", "/qa/questions/", "/helpful", "helpfulness"},
      {"questions", "/qa/questions/", "/report", "reported::int"},
      {"answers", "/qa/answers/", "/helpful", "helpfulness"},
      {"answers", "/qa/answers/", "/report", "reported::int"}};
  for (const auto& [table, path, what, column] : kinds) {
    INFO(path << what);
    const auto id = watcher.run(fmt::format("select min(id) from atelier.{} where not reported", table));
    const auto count = fmt::format("select {} from atelier.{} where id = {}", column, table, id);
    const auto now = [&] { return std::stoi(watcher.run(count)); };
    const int before = now();
    locked held(f.conninfo(), fmt::format("select from atelier.{} where id = {} for update", table, id));
    http_client client(w.port, 60s);
    client.send(fmt::format("PUT {}{}{} HTTP/1.1\r\nHost: h\r\n\r\n", path, id, what));
    REQUIRE(waits_for_a_lock(watcher));
    CHECK(now() == before);
    held.release();
    CHECK(client.read().status == 204);
    CHECK(now() == before + 1);
  }
}

TEST_CASE("votes for a review that stays locked are not counted, and say so in the time of a statement",
          "[votes]") {
  fleet f(0);
  f.start("16", {"--statement-timeout", "1s"});
  const auto& w = f.workers.front();
  const auto ids = five_reviews(w);
  locked_review locked(f.conninfo(), ids[0]);
  auto first = sent_vote(w, ids[0]);
  auto second = sent_vote(w, ids[0]);
  CHECK(first.read().status == 504);
  CHECK(second.read().status == 504);
  auto third = sent_vote(w, ids[0]);
  locked.release();
  CHECK(third.read().status == 204);
  CHECK(helpful_now(w, ids[0]) == 1);
}

TEST_CASE("a vote for a review that is deleted by who has it locked finds nothing", "[votes]") {
  fleet f(0);
  f.start("16", patient);
  const auto& w = f.workers.front();
  const auto ids = five_reviews(w);
  locked_review locked(f.conninfo(), ids[0]);
  auto vote = sent_vote(w, ids[0]);
  sql watcher(f.conninfo());
  REQUIRE(waits_for_a_lock(watcher));
  locked.session.run(fmt::format("delete from atelier.characteristic_reviews where review_id = {}", ids[0]));
  locked.session.run(fmt::format("delete from atelier.reviews where id = {}", ids[0]));
  locked.release();
  CHECK(vote.read().status == 404);
}

TEST_CASE("a review of a product whose counters are locked waits for them and holds up nothing else",
          "[votes]") {
  fleet f(0);
  f.start("16", patient);
  const auto& w = f.workers.front();
  const auto ids = five_reviews(w);
  locked_counters counters(f.conninfo(), 5001);
  std::vector<http_client> waiting;
  for (int i = 0; i < 6; ++i) {
    waiting.emplace_back(w.port, 60s);
    const auto body = review_of(5001);
    waiting.back().send(fmt::format(
        "POST /reviews HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
        body.size(), body));
  }
  for (int i = 0; i < 20; ++i) {
    posted(w, 5002);
    CHECK(http_client(w.port).put(review(ids[0]) + "/helpful").status == 204);
  }
  CHECK(w.metric("atelier_api_requests_in_flight") == 6);
  counters.release();
  for (auto& client : waiting) CHECK(client.read().status == 201);
  CHECK(counters.session.run("select rating_4 from atelier.product_meta where product_id = 5001") == "7");
  CHECK(counters.session.run("select count(*) from atelier.reviews where product_id = 5001") == "7");
  CHECK(counters.session.run("select rating_4 from atelier.product_meta where product_id = 5002") == "21");
}

TEST_CASE("a review of a product whose counters stay locked is not taken", "[votes]") {
  fleet f(0);
  f.start("16", {"--statement-timeout", "1s"});
  const auto& w = f.workers.front();
  posted(w, 5001);
  locked_counters counters(f.conninfo(), 5001);
  const auto said = http_client(w.port, 60s).post("/reviews", review_of(5001));
  CHECK(said.status == 504);
  counters.release();
  CHECK(counters.session.run("select count(*) from atelier.reviews where product_id = 5001") == "1");
  CHECK(counters.session.run("select rating_4 from atelier.product_meta where product_id = 5001") == "1");
}

TEST_CASE("votes for the same few reviews through two workers at once all count, and few commits hold them",
          "[votes]") {
  constexpr unsigned voters = 32;
  constexpr int rounds = 15;
  fleet f(0);
  for (int i = 0; i < 2; ++i) f.start("16", patient);
  const auto ids = five_reviews(f.workers.front());
  std::atomic<int> counted = 0;
  std::atomic<int> not_there = 0;
  std::vector<std::thread> threads;
  for (unsigned voter = 0; voter < voters; ++voter)
    threads.emplace_back([&, voter] {
      try {
        std::minstd_rand random(voter + 1);
        std::vector<int> order(ids.begin(), ids.end());
        order.push_back(unknown);
        http_client client(f.workers[voter % 2].port, 60s);
        for (int round = 0; round < rounds; ++round) {
          std::shuffle(order.begin(), order.end(), random);
          for (const auto id : order) {
            const auto status = client.put(review(id) + "/helpful").status;
            counted += id != unknown && status == 204;
            not_there += id == unknown && status == 404;
          }
        }
      } catch (const std::runtime_error&) {  // counted as missing votes
      }
    });
  for (auto& t : threads) t.join();
  CHECK(counted == voters * rounds * ids.size());
  CHECK(not_there == voters * rounds);
  for (const auto id : ids)
    for (const auto& w : f.workers) CHECK(helpful_now(w, id) == voters * rounds);
  for (const auto& w : f.workers) {
    CHECK(votes(w) == voters * rounds * 6 / 2);
    CHECK(batches(w) < votes(w) / 2);
  }
}
