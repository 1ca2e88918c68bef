// Which worker gets a request.
#include "integration/lb_proxy_process.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <map>
#include <memory>
#include <thread>
#include <vector>

using namespace atelier::test;
using namespace std::chrono_literals;

TEST_CASE("equal workers take turns, a heavier one gets more", "[lb]") {
  scripted_worker one(echo());
  scripted_worker two(echo());
  const proxy_process proxy({one.address() + ",weight=3", two.address()});
  auto client = proxy.connect();
  for (int i = 0; i < 40; ++i) CHECK(client.get("/").status == 200);
  CHECK(one.requests().size() == 30);
  CHECK(two.requests().size() == 10);
}

TEST_CASE("with affinity a target keeps its worker, and other workers have their own", "[lb]") {
  std::vector<std::unique_ptr<scripted_worker>> workers;
  for (int i = 0; i < 3; ++i) workers.push_back(std::make_unique<scripted_worker>(echo()));
  const proxy_process proxy({workers[0]->address(), workers[1]->address(), workers[2]->address()},
                            {"--affinity-percent", "150"});
  auto client = proxy.connect();
  constexpr int targets = 60, rounds = 5;
  for (int round = 0; round < rounds; ++round)
    for (int i = 0; i < targets; ++i)
      CHECK(client.get("/reviews/meta?product_id=" + std::to_string(i)).status == 200);
  for (const auto& worker : workers) {
    std::map<std::string, int> seen;
    for (const auto& request : worker->requests()) ++seen[request.substr(0, request.find('\r'))];
    CHECK(seen.size() > 5);
    for (const auto& [target, times] : seen) CHECK(times == rounds);
  }
  // A write has no cache to find: equals take turns.
  std::vector<std::size_t> before;
  for (const auto& worker : workers) before.push_back(worker->requests().size());
  for (int i = 0; i < 30; ++i) CHECK(client.put("/reviews/1/helpful").status == 200);
  for (std::size_t i = 0; i < workers.size(); ++i) CHECK(workers[i]->requests().size() - before[i] == 10);
}

TEST_CASE("with affinity by route the reads of one kind meet at one worker, whatever their ids", "[lb]") {
  std::vector<std::unique_ptr<scripted_worker>> workers;
  for (int i = 0; i < 3; ++i) workers.push_back(std::make_unique<scripted_worker>(echo()));
  const proxy_process proxy({workers[0]->address(), workers[1]->address(), workers[2]->address()},
                            {"--affinity-percent", "150", "--affinity-by", "route"});
  auto client = proxy.connect();
  constexpr int kinds = 60, ids = 5;
  const auto name = [](int kind) { return std::string(static_cast<std::size_t>(kind) + 1, 'k'); };
  for (int id = 0; id < ids; ++id)
    for (int kind = 0; kind < kinds; ++kind)
      CHECK(client.get(fmt::format("/{}/{}/answers?count={}", name(kind), id, id)).status == 200);
  for (const auto& worker : workers) {
    std::map<std::string, int> seen;
    for (const auto& request : worker->requests()) ++seen[request.substr(0, request.find('/', 5))];
    CHECK(seen.size() > 5);
    for (const auto& [kind, times] : seen) CHECK(times == ids);
  }
}

TEST_CASE("a slow worker gets a small share", "[lb]") {
  scripted_worker quick(echo());
  scripted_worker slow([](worker_connection& c, std::string request) {
    for (; !request.empty(); request = c.read_request()) {
      std::this_thread::sleep_for(100ms);
      c.send(answer_with("slow"));
    }
  });
  const proxy_process proxy({quick.address(), slow.address()});
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i)
    clients.emplace_back([&] {
      auto client = proxy.connect();
      for (int k = 0; k < 50; ++k) client.get("/");
    });
  for (auto& c : clients) c.join();
  CHECK(slow.requests().size() < 50);
  CHECK(quick.requests().size() > 150);
}
