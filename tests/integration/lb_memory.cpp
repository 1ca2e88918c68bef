// How little memory the proxy needs, whatever passes, and what it keeps to send it again.
#include "integration/lb_proxy_process.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <list>
#include <thread>

using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> patient{"--failures-max", "1000000"};  // health does not hide what retries do

#ifdef __SANITIZE_THREAD__
constexpr long with_notes = 4;  // which that sanitizer keeps of every word of memory that is touched
#else
constexpr long with_notes = 1;
#endif

// The address sanitizer keeps up to 256 MB of what was freed, to find late uses: a program that frees often
// would seem to grow.
proxy_process frugal_proxy(const scripted_worker& worker, std::vector<std::string> options = {}) {
  return proxy_process({worker.address()}, std::move(options), true,
                       {"ASAN_OPTIONS=quarantine_size_mb=0:thread_local_quarantine_size_kb=0"});
}

long status_kb(pid_t pid, const std::string& field) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(field)) return std::stol(line.substr(field.size() + 1));
  return -1;
}

// By how much the memory that a program has filled grows at the most. Its peak as the kernel counts it
// (VmHWM) would not do: that has the pages of its files too, of which the kernel maps as many at a time as
// it likes.
class memory_watch {
 public:
  explicit memory_watch(pid_t pid) : pid_(pid) {}
  ~memory_watch() {
    is_over_ = true;
    thread_.join();
  }

  long growth_kb() {
    look();
    return most_ - before_;
  }

 private:
  void look() {
    for (auto now = status_kb(pid_, "RssAnon:"), most = most_.load();
         now > most && !most_.compare_exchange_weak(most, now);) {
    }
  }

  pid_t pid_;
  long before_ = status_kb(pid_, "RssAnon:");
  std::atomic<long> most_ = before_;
  std::atomic<bool> is_over_ = false;
  std::thread thread_{[this] {
    for (; !is_over_; std::this_thread::sleep_for(1ms)) look();
  }};
};

}  // namespace

TEST_CASE("a hundred megabytes pass both ways through little memory", "[lb]") {
  constexpr std::size_t size = 100'000'000;
  scripted_worker worker(answering(
      [](const std::string& request) { return answer_with(request.substr(request.find("\r\n\r\n") + 4)); }));
  auto proxy = frugal_proxy(worker);
  memory_watch watch(proxy.process.pid());
  auto client = proxy.connect(60s);
  std::string body(size, 'x');
  for (std::size_t i = 0; i < size; i += 1009) body[i] = static_cast<char>('a' + i % 26);
  const auto answer = client.request("POST", "/", {}, body);
  CHECK(answer.status == 200);
  CHECK((answer.body == body));
  CHECK(client.get("/").status == 200);  // the connection goes on
  CHECK(watch.growth_kb() < 8 * 1024);
}

TEST_CASE("a hundred megabytes in chunks pass to a client that takes them slowly through little memory",
          "[lb]") {
  constexpr std::size_t chunks = 1000;
  const std::string chunk(100'000, 'x');
  scripted_worker worker([&](worker_connection& c, std::string request) {
    for (; !request.empty(); request = c.read_request()) {
      c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (std::size_t i = 0; i < chunks; ++i) c.send("186a0\r\n" + chunk + "\r\n");
      c.send("0\r\n\r\n");
    }
  });
  // More than the kernel takes at once, so that the proxy always holds some.
  auto proxy = frugal_proxy(worker, {"--answer-bytes-max", "1000000"});
  memory_watch watch(proxy.process.pid());
  auto client = http_client::slow(proxy.port);
  const bool in_chunks = GENERATE(true, false);
  client.send(in_chunks ? "GET / HTTP/1.1\r\nHost: a\r\n\r\n" : "GET / HTTP/1.0\r\n\r\n");
  const auto answer = client.read();
  CHECK(answer.status == 200);
  CHECK(answer.header("Transfer-Encoding").has_value() == in_chunks);
  CHECK((answer.body == std::string(chunks * chunk.size(), 'x')));
  CHECK(watch.growth_kb() < 8 * 1024 * with_notes);
}

TEST_CASE("a large upload that may be sent again is kept up to a bound and no further", "[lb]") {
  // It ends as its chunks do, which hold no empty line.
  scripted_worker worker(
      [](worker_connection& c, std::string head) {
        for (; !head.empty(); head = c.read_head()) {
          c.send(answer_with(std::to_string(c.read_head().size())));
        }
      },
      scripted_worker::reads::head);
  auto proxy = frugal_proxy(worker);
  memory_watch watch(proxy.process.pid());
  auto client = proxy.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: k\r\nTransfer-Encoding: chunked\r\n\r\n");
  const auto chunk = "186a0\r\n" + std::string(100'000, 'x') + "\r\n";
  for (int i = 0; i < 160; ++i) client.send(chunk);
  client.send("0\r\n\r\n");
  const auto answer = client.read();
  CHECK(answer.status == 200);
  CHECK(std::stoul(answer.body) >= 16'000'000);
  CHECK(watch.growth_kb() < 4 * 1024 * with_notes);
}

TEST_CASE("a large POST with an Idempotency-Key is sent again as well, up to a bound", "[lb]") {
  scripted_worker worker([](worker_connection& c, const std::string& request) {
    if (c.number() > 0) c.send(answer_with(request));
    c.close();
  });
  const proxy_process proxy({worker.address()}, patient);
  const bool in_chunks = GENERATE(false, true);
  const std::size_t size = GENERATE(100'000, 256 * 1024, 600'000);
  const std::string body(size, 'x');
  auto client = proxy.connect();
  client.send("POST /reviews HTTP/1.1\r\nHost: a\r\nIdempotency-Key: k\r\n");
  if (in_chunks) {
    client.send("Transfer-Encoding: chunked\r\n\r\n");
    for (std::size_t at = 0; at < size; at += 50'000) {
      const auto part = body.substr(at, 50'000);
      std::array<char, 16> line{};
      std::snprintf(line.data(), line.size(), "%zx\r\n", part.size());
      client.send(line.data() + part + "\r\n");
    }
    client.send("0\r\n\r\n");
  } else {
    client.send("Content-Length: " + std::to_string(size) + "\r\n\r\n" + body);
  }
  const bool is_kept = size < 512 * 1024;
  const auto answer = client.read();
  CHECK(answer.status == (is_kept ? 200 : 503));
  REQUIRE(worker.requests().size() == (is_kept ? 2 : 1));
  if (!is_kept) {
    CHECK(answer.body.find("may have been applied") != std::string::npos);
  } else if (in_chunks) {
    const auto again = worker.requests()[1];
    CHECK(std::count(again.begin(), again.end(), 'x') >= static_cast<long>(size));
  } else {
    CHECK((worker.requests()[0] == worker.requests()[1]));
  }
  // What follows it on the same connection is read as ever.
  client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(client.read().body.starts_with("GET /a "));
  CHECK(client.read().body.starts_with("GET /b "));
}

TEST_CASE("so many large requests are kept at a time to be sent again, and what comes then is sent once",
          "[lb]") {
  constexpr int kept = 64;
  constexpr int all = kept + 2;
  std::atomic<bool> released = false;
  scripted_worker worker([&](worker_connection& c, const std::string&) {
    if (c.number() >= all) c.send(answer_with("ok"));
    wait_until(20s, [&] { return released.load(); });
    c.close();
  });
  auto options = patient;
  options.insert(options.end(), {"--retry-budget-percent", "100"});
  const proxy_process proxy({worker.address()}, options);
  std::list<http_client> clients;
  for (int i = 1; i <= all; ++i) {
    clients.push_back(proxy.connect());
    clients.back().send("POST / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: k\r\nContent-Length: 40000\r\n\r\n" +
                        std::string(40'000, 'x'));
    REQUIRE(wait_until(5s, [&] { return worker.requests().size() == static_cast<std::size_t>(i); }));
  }
  released = true;
  int answered = 0;
  for (auto& client : clients) answered += client.read().status == 200;
  CHECK(answered == kept);
  // And again, now that these have ended.
  auto client = proxy.connect();
  CHECK(client.post("/", std::string(40'000, 'x'), {{"Idempotency-Key", "k"}}).status == 200);
}

TEST_CASE("a connection without a request holds no buffer", "[lb]") {
  scripted_worker worker(echo());
  auto proxy = frugal_proxy(worker);
  std::vector<http_client> clients;
  for (int i = 0; i < 50; ++i) CHECK(clients.emplace_back(proxy.connect()).get("/").status == 200);
  const auto before = status_kb(proxy.process.pid(), "RssAnon:");
  for (int i = 0; i < 500; ++i) CHECK(clients.emplace_back(proxy.connect()).get("/").status == 200);
  CHECK((status_kb(proxy.process.pid(), "RssAnon:") - before) * 1024 / 500 < 8 * 1024 * with_notes);
  CHECK(proxy.metric("connections") == 550);
}
