// Votes that come together share a statement and a commit; each has its own answer, and counts exactly.
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

// A new review of a product; its id.
int posted(const worker& w, int product) {
  const auto said = http_client(w.port).post(
      "/reviews",
      fmt::format(R"({{"product_id":{},"rating":4,"body":"b","recommend":true,"name":"n","email":"a@b"}})",
                  product));
  REQUIRE(said.status == 201);
  return std::stoi(said.header("Location")->substr(std::string_view("/reviews/").size()));
}

// Five reviews whose ids run against the order of the primary key, which begins with the product.
std::array<int, 5> five_reviews(const worker& w) {
  std::array<int, 5> ids{};
  for (int i = 4; i >= 0; --i) ids[static_cast<std::size_t>(i)] = posted(w, 5001 + i);
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

// A transaction that has a review's row to itself.
struct locked_review {
  locked_review(const std::string& conninfo, int id) : session(conninfo) {
    session.run("begin");
    session.run(fmt::format("select from atelier.reviews where id = {} for update", id));
  }
  void release() { session.run("commit"); }

  sql session;
};

}  // namespace

TEST_CASE("votes that came while the last were under way are one commit, locked in the order of the key",
          "[votes]") {
  fleet f(0);
  f.start("16", patient);
  const auto& w = f.workers.front();
  const auto ids = five_reviews(w);
  const int before_all = posted(w, 5000);
  sql watcher(f.conninfo());

  locked_review holds_up(f.conninfo(), before_all);
  auto first = sent_vote(w, before_all);
  REQUIRE(waits_for_a_lock(watcher));
  std::vector<http_client> together;
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) together.push_back(sent_vote(w, *id));
  auto in_vain = sent_vote(w, unknown);
  REQUIRE(wait_until(20s, [&] { return w.metric("atelier_api_requests_in_flight") == 7; }));

  // Who locks in another order has others of the five when it waits for the first.
  locked_review holds_first(f.conninfo(), ids.front());
  holds_up.release();
  CHECK(first.read().status == 204);
  REQUIRE(waits_for_a_lock(watcher));
  for (std::size_t i = 1; i < ids.size(); ++i) {
    INFO("the review that is number " << i + 1 << " of five");
    CHECK_NOTHROW(holds_first.session.run(
        fmt::format("select from atelier.reviews where id = {} for no key update nowait", ids[i])));
  }
  holds_first.release();

  for (auto& client : together) CHECK(client.read().status == 204);
  CHECK(in_vain.read().status == 404);
  for (const auto id : ids) CHECK(helpful_now(w, id) == 1);
  CHECK(votes(w) == 7);
  CHECK(batches(w) == 2);
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
