// Idempotency-Key: a POST that is sent again answers as the first time did, and writes nothing.
#include "contract_house.hpp"
#include "contract_sql.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <csignal>
#include <thread>

namespace atelier::test {
namespace {

const std::string other_request = "Error: Idempotency-Key was used for another request";
const std::string invalid_key = "Error: invalid Idempotency-Key provided";

// No two of a run are equal, whichever database it meets.
std::string fresh_key() {
  static std::atomic<int> number = 0;
  return fmt::format("key-{}-{}", now_ms(), number++);
}

http_headers keyed(const std::string& key) { return {{"Idempotency-Key", key}}; }

std::size_t reviews_of(house& h, std::int64_t product) {
  const json j(h.get(fmt::format("/reviews?product_id={}&count=1000000", product)).body);
  return simdjson::dom::array(j["/results"].get_array()).size();
}
std::size_t questions_of(house& h, std::int64_t product) {
  const json j(h.get(fmt::format("/qa/questions?product_id={}&count=1000000", product)).body);
  return simdjson::dom::array(j["/results"].get_array()).size();
}

bool is_replay(const http_answer& a) { return a.header("Idempotent-Replayed") == "true"; }

}  // namespace

TEST_CASE("the same key and bytes answer as the first time, through either worker, and write nothing",
          "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  const std::string key = fresh_key();
  const std::string body = valid_review(product).text();
  const http_answer first = h.post("/reviews", body, keyed(key));
  REQUIRE(first.status == 201);
  CHECK_FALSE(first.header("Idempotent-Replayed"));
  for (const int worker : {0, 1}) {
    const http_answer again = h.post("/reviews", body, keyed(key), worker);
    CHECK(again.status == 201);
    CHECK(again.body == "Created");
    CHECK(location_of(again) == location_of(first));
    CHECK(is_replay(again));
  }
  CHECK(reviews_of(h, product) == 1);
  CHECK_THAT(h.get(fmt::format("/reviews/meta?product_id={}", product)).body,
             Catch::Contains(R"({"4":"1"})"));
}

TEST_CASE("two keys on one request are neither", "[contract]") {
  house& h = house::open();
  const http_headers two{{"Idempotency-Key", fresh_key()}, {"Idempotency-Key", fresh_key()}};
  const http_answer said = h.post("/reviews", valid_review(h.fresh_product()).text(), two);
  CHECK(said.status == 422);
  CHECK(said.body == invalid_key);
}

TEST_CASE("questions and answers are posted once a key too", "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  const std::string key = fresh_key();
  for (const int worker : {0, 1}) {
    const http_answer a = h.post("/qa/questions", valid_question(product).text(), keyed(key), worker);
    CHECK(a.status == 201);
    CHECK(a.body == "Created");
    CHECK(is_replay(a) == (worker == 1));
  }
  REQUIRE(questions_of(h, product) == 1);
  const json list(h.get(fmt::format("/qa/questions?product_id={}", product)).body);
  const std::string answers =
      fmt::format("/qa/questions/{}/answers", std::int64_t(list["/results/0/question_id"].get_int64()));
  for (const int worker : {1, 0}) {
    const http_answer a = h.post(answers, valid_answer().text(), keyed(key), worker);
    CHECK(a.status == 201);
    CHECK(is_replay(a) == (worker == 0));
  }
  const json stored(h.get(answers).body);
  CHECK(simdjson::dom::array(stored["/results"].get_array()).size() == 1);
}

TEST_CASE("the same key with other bytes is 422 and writes nothing", "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  const std::string key = fresh_key();
  const std::string body = valid_review(product).text();
  REQUIRE(h.post("/reviews", body, keyed(key)).status == 201);
  const std::vector<std::string> others = {
      valid_review(product).with("rating", "1").text(),
      body + " ",                                                               // the same JSON, other bytes
      "\xEF\xBB\xBF" + body, valid_review(product).with("rating", "9").text(),  // invalid by itself
      "{}"};
  for (const std::string& other : others) {
    INFO(other);
    const http_answer a = h.post("/reviews", other, keyed(key), 1);
    CHECK(a.status == 422);
    CHECK(a.body == other_request);
  }
  CHECK(is_replay(h.post("/reviews", body, keyed(key))));
  CHECK(reviews_of(h, product) == 1);
}

TEST_CASE("a key belongs to its path, and a trailing slash is the same path", "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  const std::string key = fresh_key();
  // A body that is a good review and a good question.
  const std::string body = valid_review(product).text();
  CHECK_FALSE(is_replay(h.post("/reviews", body, keyed(key))));
  const http_answer question = h.post("/qa/questions", body, keyed(key));
  CHECK(question.status == 201);
  CHECK_FALSE(is_replay(question));
  const http_answer slash = h.post("/reviews/", body, keyed(key), 1);
  CHECK(slash.status == 201);
  CHECK(is_replay(slash));
  CHECK(is_replay(h.post("/qa/questions/", body, keyed(key), 1)));
  CHECK(h.post("/reviews/", valid_review(product).with("rating", "1").text(), keyed(key)).body ==
        other_request);
  CHECK(reviews_of(h, product) == 1);
  CHECK(questions_of(h, product) == 1);
}

TEST_CASE("answers to two questions are two paths", "[contract]") {
  house& h = house::open();
  const std::string key = fresh_key();
  for (int i = 0; i < 2; ++i) {
    const std::int64_t product = h.fresh_product();
    const std::int64_t question = h.post_question({.product = product, .body = "why?", .name = "asker"});
    const http_answer a =
        h.post(fmt::format("/qa/questions/{}/answers", question), valid_answer().text(), keyed(key));
    CHECK(a.status == 201);
    CHECK_FALSE(is_replay(a));
    const http_answer zeros =
        h.post(fmt::format("/qa/questions/{}/answers/", question), valid_answer().text(), keyed(key), 1);
    CHECK(is_replay(zeros));
  }
}

TEST_CASE("only successes are remembered", "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  const std::string key = fresh_key();
  const http_answer refused =
      h.post("/reviews", valid_review(product).with("rating", "9").text(), keyed(key));
  CHECK(refused.status == 422);
  CHECK(refused.body == "Error: Review body contains invalid entries");
  CHECK(h.post("/reviews", "{", keyed(key)).status == 400);
  const http_answer corrected = h.post("/reviews", valid_review(product).text(), keyed(key), 1);
  CHECK(corrected.status == 201);
  CHECK_FALSE(is_replay(corrected));
}

TEST_CASE("a key is 1 to 255 visible ASCII characters", "[contract]") {
  house& h = house::open();
  const std::string body = valid_question(h.fresh_product()).text();
  const std::string stem = fresh_key();
  for (const std::string& key : {stem + "!", stem + "\"quoted\"", stem + "'--",
                                 stem + std::string(255 - stem.size(), '~'), stem + ",a,b"}) {
    INFO(key);
    CHECK(h.post("/qa/questions", body, keyed(key)).status == 201);
    CHECK(is_replay(h.post("/qa/questions", body, keyed(key), 1)));
  }
  for (const std::string& key : {std::string(), std::string("  "), std::string(256, 'k'), stem + " b",
                                 stem + "\tb", std::string("ключ"), stem + "\xC3\xA9"}) {
    INFO(key);
    const http_answer a = h.post("/qa/questions", body, keyed(key));
    CHECK(a.status == 422);
    CHECK(a.body == invalid_key);
  }
}

TEST_CASE("a key is looked at after 404, 413 and 415, and before the body's members", "[contract]") {
  house& h = house::open();
  const std::string bad(256, 'k');
  CHECK(h.post("/qa/questions/88888888/answers", valid_answer().text(), keyed(bad)).status == 404);
  CHECK(h.post("/reviews", std::string(262'145, 'x'), keyed(bad)).status == 413);
  CHECK(h.post("/reviews", "x", {{"Idempotency-Key", bad}, {"Content-Type", "text/html"}}).status == 415);
  for (const std::string path : {"/reviews", "/qa/questions"}) {
    const http_answer a = h.post(path, "{}", keyed(bad));
    CHECK(a.status == 422);
    CHECK(a.body == invalid_key);
  }
  const std::string used = fresh_key();
  REQUIRE(h.post("/reviews", valid_review(h.fresh_product()).text(), keyed(used)).status == 201);
  CHECK(h.post("/reviews", "x", {{"Idempotency-Key", used}, {"Content-Type", "text/html"}}).status == 415);
  CHECK(h.post("/reviews", "{}", keyed(used)).body == other_request);
}

TEST_CASE("a key on a vote or a read means nothing", "[contract]") {
  house& h = house::open();
  review r;
  r.product = h.fresh_product();
  r.rating = 3;
  r.body = "b";
  r.name = "n";
  const std::int64_t id = h.post_review(r);
  for (int i = 0; i < 2; ++i) {
    CHECK(h.send("PUT", fmt::format("/reviews/{}/helpful", id), keyed("same")).status == 204);
    ++h.expected.review_of(id).helpfulness;
  }
  CHECK(h.get(fmt::format("/reviews/{}", id), keyed(std::string(256, 'k'))).body ==
        review_json(h.expected, id));
}

TEST_CASE("the same key posted at once through both workers yields one row and one place", "[contract]") {
  constexpr int rounds = 10;
  constexpr std::size_t clients = 8;
  house& h = house::open();
  for (int round = 0; round < rounds; ++round) {
    const std::int64_t product = h.fresh_product();
    const std::string key = fresh_key();
    const std::string body = valid_review(product).text();
    std::vector<http_answer> answers(clients);
    std::vector<std::thread> senders;
    for (std::size_t i = 0; i < clients; ++i) {
      senders.emplace_back([&, i] {
        try {
          answers[i] = h.post("/reviews", body, keyed(key), static_cast<int>(i % 2));
        } catch (const std::runtime_error&) {  // stays status 0
        }
      });
    }
    for (std::thread& sender : senders) sender.join();
    std::size_t first_times = 0;
    for (const http_answer& a : answers) {
      CHECK(a.status == 201);
      CHECK(location_of(a) == location_of(answers[0]));
      first_times += is_replay(a) ? 0 : 1;
    }
    CHECK(first_times == 1);
    CHECK(reviews_of(h, product) == 1);
  }
}

TEST_CASE("a request that comes while the first with its key is under way waits for it", "[contract]") {
  using namespace std::chrono_literals;
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  const std::string body = valid_review(product).text();
  const http_headers headers = keyed(fresh_key());
  sql holder(h.conninfo());
  sql watcher(h.conninfo());
  const auto waiting = [&watcher](const char* count) {
    return wait_until(5s, [&] { return watcher.run("select count(*)" + waiting_sessions) == count; });
  };
  holder.run("begin");
  holder.run("lock table reviews in share mode");
  std::array<http_answer, 2> answers;
  const auto post = [&](std::size_t i) {
    try {
      answers[i] = h.post("/reviews", body, headers, static_cast<int>(i));
    } catch (const std::runtime_error&) {  // stays status 0
    }
  };
  std::thread first(post, 0);
  CHECK(waiting("1"));
  std::thread second(post, 1);
  if (!h.through_proxy()) CHECK(waiting("2"));
  holder.run("rollback");
  first.join();
  second.join();
  CHECK(answers[0].status == 201);
  CHECK(answers[1].status == 201);
  CHECK(is_replay(answers[0]) !=
        is_replay(answers[1]));  // which of them the database let go first is its affair
  CHECK(location_of(answers[1]) == location_of(answers[0]));
  CHECK(reviews_of(h, product) == 1);
}

TEST_CASE("a key is forgotten after 24 hours and not before", "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  const std::string body = valid_review(product).text();
  const std::string key = fresh_key();
  REQUIRE(h.post("/reviews", body, keyed(key)).status == 201);
  sql database(h.conninfo());
  const auto age = [&](const std::string& interval) {
    database.run(fmt::format(
        "update idempotency_keys set created_at = now() - interval '{}' where key = '{}'", interval, key));
  };
  age("23 hours 59 minutes");
  CHECK(is_replay(h.post("/reviews", body, keyed(key), 1)));
  age("24 hours 1 minute");
  const http_answer anew = h.post("/reviews", body, keyed(key));
  CHECK(anew.status == 201);
  CHECK_FALSE(is_replay(anew));
  CHECK(is_replay(h.post("/reviews", body, keyed(key), 1)));  // and is remembered again
  age("25 hours");
  const http_answer other =
      h.post("/reviews", valid_review(product).with("rating", "1").text(), keyed(key), 1);
  CHECK(other.status == 201);
  CHECK(reviews_of(h, product) == 3);
}

TEST_CASE("pipelined posts with one key yield one row", "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  const std::string body = valid_question(product).text();
  const std::string one = fmt::format(
      "POST /qa/questions HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nIdempotency-Key: {}\r\n"
      "Content-Length: {}\r\n\r\n{}",
      fresh_key(), body.size(), body);
  http_client client = h.connect();
  client.send(one + one + one);
  for (int i = 0; i < 3; ++i) {
    const http_answer a = client.read();
    CHECK(a.status == 201);
    CHECK(is_replay(a) == (i > 0));
  }
  CHECK(questions_of(h, product) == 1);
}

TEST_CASE("different keys are different requests", "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  const std::string body = valid_review(product).text();
  const std::string key = fresh_key();
  CHECK_FALSE(is_replay(h.post("/reviews", body, keyed(key))));
  CHECK_FALSE(is_replay(h.post("/reviews", body, keyed(key + "2"))));
  CHECK_FALSE(is_replay(h.post("/reviews", body, keyed(key + "A"))));
  CHECK_FALSE(is_replay(h.post("/reviews", body, keyed(key + "a"))));  // case matters
  CHECK_FALSE(is_replay(h.post("/reviews", body)));
  CHECK(reviews_of(h, product) == 5);
}

TEST_CASE("a replay holds after the workers are started anew, even by kill -9", "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  const std::string key = fresh_key();
  const std::string body = valid_review(product).text();
  const http_answer first = h.post("/reviews", body, keyed(key));
  REQUIRE(first.status == 201);
  h.restart_worker(0, SIGKILL);
  h.restart_worker(1, SIGTERM);
  for (const int worker : {0, 1}) {
    const http_answer again = h.post("/reviews", body, keyed(key), worker);
    CHECK(again.status == 201);
    CHECK(location_of(again) == location_of(first));
    CHECK(is_replay(again));
  }
  CHECK(reviews_of(h, product) == 1);
}

}  // namespace atelier::test
