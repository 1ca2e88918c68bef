// A worker of which more is asked than it may hold: by clients that ask too much, and by clients that do not
// take what they asked for.
#include "integration/contract_sql.hpp"
#include "support/http_client.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <sstream>

using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t list_bytes = 12'000'000;  // more than the kernel takes for a client that reads nothing

// A worker whose product 1 has a list of that size, and its product 2 one that is no large answer.
struct worker {
  test_database database{test_database::content::schema};
  std::uint16_t port = free_port();
  std::uint16_t admin = free_port();
  child_process process;

  explicit worker(std::vector<std::string> more) : process(ATELIER_PROGRAM, arguments(std::move(more))) {
    REQUIRE(wait_until(20s, [&] { return is_listening(admin) && fetch(port, "/ready").status == 200; }));
    sql(database.conninfo())
        .run(fmt::format("insert into atelier.reviews (product_id, date, rating, recommend, summary, body, "
                         "reviewer_name) select case when n > {} then 2 else 1 end, now(), 5, true, '', "
                         "repeat('x', 10000), 'n' from generate_series(1, {}) n",
                         list_bytes / 10'000, list_bytes / 10'000 + 3));
  }
  std::vector<std::string> arguments(std::vector<std::string> more) const {
    more.insert(more.begin(), {"api", "--listen", fmt::format("127.0.0.1:{}", port), "--admin",
                               fmt::format("127.0.0.1:{}", admin), "--db", database.conninfo(),
                               "--statement-timeout", "60s"});
    return more;
  }

  double metric(const std::string& name) const {
    const auto page = fetch(admin, "/metrics").body;
    const auto at = page.find("\n" + name + " ");
    return at == page.npos ? -1 : std::stod(page.substr(at + name.size() + 2));
  }
  double held() const { return metric("atelier_api_unsent_bytes"); }
  double reads(const std::string& outcome) const {
    return metric(fmt::format("atelier_api_cache_reads_total{{outcome=\"{}\"}}", outcome));
  }

  long resident_kb() const {
    std::istringstream status(read_file(fmt::format("/proc/{}/status", process.pid())));
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
    return 0;
  }
};

const std::string whole_list = "/reviews?product_id=1&count=1000000";
const std::string short_list = "/reviews?product_id=2&count=1000000";

std::string asking(const std::string& target) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: h\r\n\r\n", target);
}

}  // namespace

TEST_CASE("a worker is ready while more is asked of it than may wait", "[api]") {
  const worker w({"--requests-in-flight-max", "1"});
  sql locker(w.database.conninfo());
  locker.run("begin");
  locker.run("lock table atelier.reviews");
  http_client waiting(w.port, 90s);
  waiting.send(asking("/reviews?product_id=3"));
  REQUIRE(wait_until(10s, [&] { return w.metric("atelier_api_requests_in_flight") == 1; }));
  CHECK(fetch(w.port, "/qa/questions?product_id=3").status == 503);
  CHECK(fetch(w.port, "/ready").status == 200);
  CHECK(fetch(w.admin, "/ready").status == 200);
  locker.run("commit");
  CHECK(waiting.read().status == 200);
}

TEST_CASE("a large answer that is kept is not copied for each client that does not read it", "[api]") {
  const worker w({"--cache-mb", "200"});
  const auto list = fetch(w.port, whole_list);
  REQUIRE(list.body.size() > list_bytes);
  REQUIRE(wait_until(20s, [&] {
    return fetch(w.port, whole_list).status == 200 && w.metric("atelier_api_cache_answers") == 1;
  }));
  const auto before = w.resident_kb();
  constexpr std::size_t clients = 20;
  std::vector<http_client> slow;
  while (slow.size() < clients) {
    const auto hits = w.reads("hit");
    const auto others = w.reads("bypassed") + w.reads("miss");
    slow.emplace_back(w.port, 60s);
    slow.back().send(asking(whole_list));
    REQUIRE(wait_until(
        20s, [&] { return w.reads("hit") > hits || w.reads("bypassed") + w.reads("miss") > others; }));
    if (w.reads("hit") == hits) slow.pop_back();  // a worker that is kept from running may not use its cache
  }
  REQUIRE(wait_until(20s, [&] { return w.held() > double(list.body.size()) + (clients - 1) * 32 * 1024; }));
  CHECK(w.held() < 2.0 * double(list.body.size()));
  // Copies would be twenty. A sanitizer gives back late what was freed.
  CHECK((w.resident_kb() - before) * 1024 < 10 * long(list.body.size()));
  // What they wait for is as it was when they asked, though it is kept no longer.
  REQUIRE(http_client(w.port).put("/reviews/1/helpful").status == 204);
  CHECK(w.metric("atelier_api_cache_answers") == 0);
  for (auto& client : slow) {
    const auto answer = client.read();
    CHECK(answer.status == 200);
    CHECK((answer.body == list.body));  // not to be printed
  }
  CHECK(wait_until(20s, [&] { return w.held() == 0; }));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they have allocators of their own
TEST_CASE("what a burst of long lists took goes back to the system", "[api]") {
  const worker w({"--cache-mb", "0"});
  constexpr int reviews = 20'000;
  sql(w.database.conninfo())
      .run(fmt::format("insert into atelier.reviews (product_id, date, rating, recommend, summary, body, "
                       "reviewer_name) select 3, now(), 5, true, '', repeat('x', 200), 'n' "
                       "from generate_series(1, {}) n",
                       reviews));
  const std::string list = "/reviews?product_id=3&count=1000000";
  REQUIRE(fetch(w.port, short_list).status == 200);
  const auto before = w.resident_kb();
  std::vector<http_client> clients;
  while (clients.size() < 8) clients.emplace_back(w.port, 60s).send(asking(list));
  for (int answered = 0; answered < 80; ++answered) {
    auto& client = clients[static_cast<std::size_t>(answered) % clients.size()];
    CHECK(client.read().body.size() > reviews * 200);
    client.send(asking(answered < 72 ? list : short_list));
  }
  for (auto& client : clients) CHECK(client.read().status == 200);
  // What it left in pieces is 15 MB and more.
  CHECK(wait_until(
      20s, [&] { return fetch(w.port, short_list).status == 200 && w.resident_kb() - before < 8 * 1024; }));
}
#endif

TEST_CASE("behind a large answer that is sent from where it lies come the next ones, in their order",
          "[api]") {
  const worker w({"--cache-mb", "200"});
  const auto list = fetch(w.port, whole_list).body;
  http_client client(w.port, 60s);
  client.send(asking("/live") + asking(whole_list) + "HEAD " + asking(whole_list).substr(4) +
              asking(short_list) + asking(whole_list));
  CHECK(client.read().body == "live\n");
  CHECK((client.read().body == list));
  const auto head = client.read(true);
  CHECK(head.header("Content-Length") == std::to_string(list.size()));
  CHECK(client.read().body.size() < 64 * 1024);
  CHECK((client.read().body == list));
}

TEST_CASE("beyond the bytes that may wait for their clients a large answer is 503, and small ones go on",
          "[api]") {
  const worker w({"--cache-mb", "0", "--unsent-bytes-max", "16000000"});
  http_client slow(w.port, 60s);
  slow.send(asking(whole_list));
  REQUIRE(wait_until(20s, [&] { return w.held() > list_bytes; }));
  const auto refused = fetch(w.port, whole_list);
  REQUIRE(refused.status == 503);
  CHECK(refused.header("Retry-After") == "1");
  CHECK(refused.header("Access-Control-Allow-Origin") == "*");
  CHECK(refused.body == "Error: too many large answers are being sent, ask for less at a time, or try again");
  CHECK(w.metric("atelier_api_requests_total{route=\"/reviews\",status=\"5xx\"}") == 1);
  CHECK(http_client(w.port).request("HEAD", "/live").status == 200);
  CHECK(fetch(w.port, short_list).status == 200);
  CHECK(fetch(w.port, "/reviews/meta?product_id=1").status == 200);
  const auto whole = slow.read();
  CHECK(whole.status == 200);
  CHECK(whole.body.size() > list_bytes);
  CHECK(wait_until(20s, [&] { return w.held() == 0; }));
  CHECK(fetch(w.port, whole_list).status == 200);
}

TEST_CASE("who goes on asking and takes nothing is cut when as much is held as may be", "[api]") {
  const worker w({"--unsent-bytes-max", "65536"});
  CHECK(fetch(w.port, short_list).body.size() > 30'000);
  // Each a little of what the kernel does not take any more: one finds room, and the next one does not.
  std::string many;
  for (int i = 0; i < 500; ++i) many += asking(short_list);
  http_client first(w.port, 60s);
  first.send(many);
  REQUIRE(wait_until(20s, [&] { return w.held() > 65'536; }));
  const auto accepted = w.metric("atelier_api_connections_accepted_total");
  http_client second(w.port, 60s);
  second.send(many);
  CHECK(wait_until(20s, [&] {
    return w.metric("atelier_api_connections_accepted_total") > accepted &&
           w.metric("atelier_api_connections") == 1;
  }));
  CHECK(fetch(w.port, short_list).status == 200);
  for (int i = 0; i < 500; ++i) REQUIRE(first.read().status == 200);
  CHECK(wait_until(20s, [&] { return w.held() == 0; }));
}
