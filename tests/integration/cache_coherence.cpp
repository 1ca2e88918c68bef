// A read that begins after a write was acknowledged sees it, through whichever worker: also through one that
// was stopped, killed, cut off or overtaken by a load.
#include "integration/cache_fleet.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <random>
#include <thread>

using namespace atelier::cache_fleet;

namespace {

double elapsed_ms(const std::chrono::steady_clock::time_point& since) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - since).count();
}

}  // namespace

TEST_CASE("what one worker wrote is read through every other, again and again", "[cache]") {
  const char* const asked = std::getenv("ATELIER_COHERENCE_ROUNDS");
  const int rounds = asked ? std::atoi(asked) : 5000;  // of each writer
  constexpr int writers = 4;
  fleet f(3);
  std::atomic<int> stale = 0;
  std::mutex guard;
  std::vector<std::string> failed;
  const auto expect = [&](const http_answer& answer, int status) {
    const std::lock_guard locked(guard);
    if (answer.status != status) failed.push_back(std::to_string(answer.status) + " " + answer.body);
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < writers; ++t)
    threads.emplace_back([&, t] {
      // Reviews of its own, so that it knows what they must show.
      std::minstd_rand random(static_cast<unsigned>(t + 1));
      std::vector<http_client> clients;
      for (const auto& w : f.workers) clients.emplace_back(w.port);
      std::map<int, int> expected;
      for (int i = 0; i < rounds; ++i) {
        const int id = 1 + t + writers * static_cast<int>(random() % 5);
        if (!expected.contains(id)) expected[id] = helpfulness(clients[0].get(review(id)));
        // Everybody holds it when it changes.
        for (auto& c : clients) expect(c.get(review(id)), 200);
        expect(clients[random() % 3].put(review(id) + "/helpful"), 204);
        ++expected[id];
        const auto seen = clients[random() % 3].get(review(id));
        expect(seen, 200);
        stale += helpfulness(seen) != expected[id];
      }
    });
  for (auto& t : threads) t.join();
  CHECK(failed == std::vector<std::string>());
  CHECK(stale == 0);
  for (const auto& w : f.workers) CHECK(w.metric("atelier_api_cache_dropped_total") > 0);
}

TEST_CASE("a new review is in every worker's list and meta at once", "[cache]") {
  fleet f(3);
  const std::string list = "/reviews?product_id=7&count=1000&sort=newest";
  const std::string meta = "/reviews/meta?product_id=7";
  for (int i = 0; i < 50; ++i) {
    for (const auto& w : f.workers) {
      fetch(w.port, list);
      fetch(w.port, meta);
    }
    const auto before = fetch(f.workers[0].port, meta).body;
    const auto body = fmt::format(
        R"({{"product_id":7,"rating":4,"summary":"number {}","body":"b","recommend":true,"name":"n","email":"a@b"}})",
        i);
    const auto said = http_client(f.workers[static_cast<std::size_t>(i % 3)].port).post("/reviews", body);
    REQUIRE(said.status == 201);
    for (const auto& w : f.workers) {
      CHECK(fetch(w.port, list).body.find(fmt::format("\"summary\":\"number {}\"", i)) != std::string::npos);
      CHECK(fetch(w.port, meta).body != before);
      CHECK(fetch(w.port, *said.header("Location")).status == 200);
    }
  }
}

TEST_CASE("that there is no such review is forgotten when it is written", "[cache]") {
  fleet f(2);
  sql database(f.conninfo());
  for (int i = 0; i < 20; ++i) {
    const auto next = std::stoll(database.run("select last_value + 1 from atelier.review_ids"));
    const auto path = fmt::format("/reviews/{}", next);
    CHECK(fetch(f.workers[1].port, path).status == 404);
    CHECK(fetch(f.workers[1].port, path).status == 404);
    const auto said =
        http_client(f.workers[0].port)
            .post("/reviews",
                  R"({"product_id":9,"rating":4,"body":"b","recommend":true,"name":"n","email":"a@b"})");
    REQUIRE(said.header("Location") == path);
    CHECK(fetch(f.workers[1].port, path).status == 200);
  }
  CHECK(f.workers[1].metric("atelier_api_cache_answers") > 0);
}

TEST_CASE("questions and answers are as fresh as reviews", "[cache]") {
  fleet f(2);
  auto& writer = f.workers[0];
  auto& reader = f.workers[1];
  const auto& list = "/qa/questions?product_id=5&count=1000";
  fetch(reader.port, list);
  REQUIRE(http_client(writer.port)
              .post("/qa/questions", R"({"product_id":5,"body":"is it new?","name":"n","email":"a@b"})")
              .status == 201);
  const auto shown = fetch(reader.port, list).body;
  const auto at = shown.rfind("{\"question_id\":", shown.find("is it new?"));
  const auto question = std::stoll(shown.substr(at + 15));
  const auto answers = fmt::format("/qa/questions/{}/answers", question);
  CHECK(fetch(reader.port, answers).body.find("yes, quite") == std::string::npos);
  REQUIRE(
      http_client(writer.port).post(answers, R"({"body":"yes, quite","name":"n","email":"a@b"})").status ==
      201);
  CHECK(fetch(reader.port, answers).body.find("yes, quite") != std::string::npos);
  CHECK(fetch(reader.port, list).body.find("yes, quite") != std::string::npos);
  const auto body = fetch(reader.port, answers).body;
  const auto answer = std::stoll(body.substr(body.find("\"answer_id\":") + 12));
  REQUIRE(http_client(writer.port).put(fmt::format("/qa/answers/{}/report", answer)).status == 204);
  CHECK(fetch(reader.port, answers).body.find("yes, quite") == std::string::npos);
  CHECK(fetch(reader.port, list).body.find("yes, quite") == std::string::npos);
  REQUIRE(http_client(writer.port).put(fmt::format("/qa/questions/{}/report", question)).status == 204);
  CHECK(fetch(reader.port, list).body.find("is it new?") == std::string::npos);
}

TEST_CASE("a worker that was stopped does not answer from before", "[cache]") {
  fleet f(3);
  auto& sleeper = f.workers[2];
  for (int i = 0; i < 5; ++i) {
    const int before = helpful_now(sleeper, 1);
    helpful_now(sleeper, 1);
    http_client waiting(sleeper.port);
    sleeper.process.signal(SIGSTOP);
    vote(f.workers[0], 1);
    // Asked while it sleeps, after the acknowledgement: it finds the request before it finds the
    // announcement.
    waiting.send(fmt::format("GET {} HTTP/1.1\r\nHost: h\r\n\r\n", review(1)));
    sleeper.process.signal(SIGCONT);
    CHECK(helpfulness(waiting.read()) == before + 1);
    CHECK(sleeper.becomes_usable());
  }
}

TEST_CASE("a dead worker delays writes for a moment, and no longer", "[cache]") {
  fleet f(3);
  helpful_now(f.workers[2], 1);
  f.workers[2].process.signal(SIGKILL);
  const auto start = std::chrono::steady_clock::now();
  int writes = 0;
  const bool fast_again = wait_until(20s, [&] {
    const auto begun = std::chrono::steady_clock::now();
    vote(f.workers[0], 1);
    ++writes;
    return elapsed_ms(start) > 1000 && elapsed_ms(begun) < 100;
  });
  CHECK(fast_again);
  CHECK(helpful_now(f.workers[1], 1) == helpful_now(f.workers[0], 1));
  CHECK(sql(f.conninfo()).run("select count(*) from atelier.workers") == "2");
  CHECK(f.workers[0].process.errors().find("taken out") != std::string::npos);
}

TEST_CASE("a worker that loses its listener asks the database until it listens again", "[cache]") {
  fleet f(2);
  sql database(f.conninfo());
  for (int i = 0; i < 10; ++i) {
    helpful_now(f.workers[1], 1);
    database.run(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'atelier api "
        "listener' and "
        "datname = current_database()");
    const int before = helpful_now(f.workers[0], 1);
    vote(f.workers[0], 1);
    CHECK(helpful_now(f.workers[1], 1) == before + 1);
  }
  CHECK(f.workers[0].becomes_usable());
  CHECK(f.workers[1].becomes_usable());
}

TEST_CASE("after a load nothing of before is answered", "[cache]") {
  fleet f(2);
  const std::string target = "/reviews?product_id=3&count=100";
  const auto before = fetch(f.workers[1].port, target).body;
  CHECK(fetch(f.workers[1].port, target).body == before);
  f.load(2);
  // Loads are not acknowledged to anyone: a moment may pass.
  CHECK(wait_until(5s, [&] { return fetch(f.workers[1].port, target).body != before; }));
}

TEST_CASE("without a cache the same bytes come, and nothing is kept", "[cache]") {
  fleet f(1);
  f.start("0");
  for (const auto* target :
       {"/reviews?product_id=2&count=100", "/reviews?product_id=2&sort=newest", "/reviews/meta?product_id=2",
        "/reviews/1", "/reviews/99999999", "/qa/questions?product_id=2", "/qa/questions/1/answers"}) {
    const auto first = fetch(f.workers[0].port, target);
    const auto kept = fetch(f.workers[0].port, target);
    const auto plain = fetch(f.workers[1].port, target);
    CHECK(kept.status == plain.status);
    CHECK(kept.body == plain.body);
    CHECK(first.body == plain.body);
    CHECK(kept.header("ETag") == plain.header("ETag"));
    CHECK(kept.header("Content-Type") == plain.header("Content-Type"));
  }
  CHECK(f.workers[0].metric("atelier_api_cache_answers") == 7);
  CHECK(f.workers[1].metric("atelier_api_cache_answers") == 0);
  CHECK(f.workers[1].metric("atelier_api_cache_usable") == 0);
}

TEST_CASE("who asks for what is being asked for joins the query, also when no more may wait", "[cache]") {
  fleet f(0);
  f.start("16", {"--requests-in-flight-max", "1", "--statement-timeout", "30s"});
  const auto& w = f.workers.front();
  const std::string same = "/reviews?product_id=1";
  sql locker(f.conninfo());
  locker.run("begin");
  locker.run("lock table atelier.reviews");
  std::vector<http_client> clients;
  const auto ask = [&](const std::string& joined) {
    clients.emplace_back(w.port);
    clients.back().send("GET " + same + " HTTP/1.1\r\nHost: here\r\n\r\n");
    REQUIRE(wait_until(10s, [&] {
      return w.metric("atelier_api_cache_reads_total{outcome=\"miss\"}") == 1 &&
             w.metric("atelier_api_cache_reads_total{outcome=\"joined\"}") == std::stod(joined);
    }));
  };
  for (int i = 0; i < 5; ++i) ask(std::to_string(i));
  const auto other = fetch(w.port, "/reviews?product_id=2");
  CHECK(other.status == 503);
  CHECK(other.header("Retry-After") == "1");
  locker.run("commit");
  const auto first = clients.front().read();
  CHECK(first.status == 200);
  for (std::size_t i = 1; i < clients.size(); ++i) CHECK(clients[i].read().body == first.body);
  CHECK(fetch(w.port, "/reviews?product_id=2").status == 200);
}

TEST_CASE("what is kept stays within its budget", "[cache]") {
  fleet f(1, "1");
  http_client client(f.workers[0].port);
  for (int product = 1; product <= 40; ++product)
    for (int count = 1; count <= 60; ++count)
      REQUIRE(client.get(fmt::format("/reviews?product_id={}&count={}", product, count)).status == 200);
  CHECK(f.workers[0].metric("atelier_api_cache_bytes") <= 1024 * 1024);
  CHECK(f.workers[0].metric("atelier_api_cache_bytes") > 512 * 1024);
  CHECK(f.workers[0].metric("atelier_api_cache_evicted_total") > 0);
}

TEST_CASE("a worker that stops takes its leave, and no write waits for it", "[cache]") {
  fleet f(2);
  f.workers[1].process.signal(SIGTERM);
  f.workers[1].process.wait();
  CHECK(sql(f.conninfo()).run("select count(*) from atelier.workers") == "1");
  vote(f.workers[0], 1);
  CHECK(f.workers[0].metric("atelier_api_write_leases_total") == 0);
}
