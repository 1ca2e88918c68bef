// Three workers under load, and one of them dies, stops, is silent, talks nonsense or is slow.
#include "integration/lb_proxy_process.hpp"
#include "support/steady_load.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <atomic>
#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

// Votes that arrived, each known by its number.
class votes {
 public:
  std::string answer(const std::string& request) {
    if (request.starts_with("GET")) return answer_with("ok");
    const std::lock_guard lock(mutex_);
    ++arrived_[request.substr(0, request.find(" HTTP"))];
    return answer_with("counted");
  }

  /// How many arrived more than once.
  std::size_t counted_twice() const {
    const std::lock_guard lock(mutex_);
    std::size_t twice = 0;
    for (const auto& [what, times] : arrived_) twice += times > 1;
    return twice;
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return arrived_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int> arrived_;
};

// A worker that is a process, so that it can be killed and stopped: a second proxy before a scripted worker.
class worker_process {
 public:
  explicit worker_process(const scripted_worker& behind) : behind_(behind.address()) { start(); }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  void signal(int number) { process_->signal(number); }
  void start() {
    process_.reset();
    process_ = std::make_unique<child_process>(
        ATELIER_PROGRAM, std::vector<std::string>{"lb", "--listen", address(), "--worker", behind_,
                                                  "--retries-max", "0", "--drain-timeout", "100ms"});
    process_->wait_for("to=up");
  }

 private:
  std::string behind_;
  std::uint16_t port_ = free_port();
  std::unique_ptr<child_process> process_;
};

// Votes (PUT) and posts in turn, each with a number of its own.
std::function<std::string()> numbered_writes() {
  return [next = std::make_shared<std::atomic<int>>(0)] {
    const auto number = std::to_string(++*next);
    return *next % 2 == 0 ? "PUT /" + number + " HTTP/1.1\r\nHost: a\r\n\r\n"
                          : "POST /" + number + " HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
  };
}

const std::vector<std::string> quick_probes{"--probe-interval", "50ms",  "--probe-timeout", "200ms",
                                            "--aside-time",     "200ms", "--slow-start",    "1ms"};

std::vector<std::string> with(std::vector<std::string> options, const std::vector<std::string>& more) {
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

void wait_for_answers(const steady_load& load, std::uint64_t more) {
  const auto before = load.answers();
  CHECK(wait_until(20s, [&] { return load.answers() > before + more; }));
}

}  // namespace

TEST_CASE("kill -9 of each worker in turn fails no GET, and no write arrives twice", "[lb][fault]") {
  votes counted;
  scripted_worker behind(answering([&](const std::string& request) { return counted.answer(request); }));
  std::array<worker_process, 3> workers{worker_process(behind), worker_process(behind),
                                        worker_process(behind)};
  const proxy_process proxy({workers[0].address(), workers[1].address(), workers[2].address()}, quick_probes);
  steady_load reads(proxy.port, 6);
  steady_load writes(proxy.port, 3, numbered_writes());
  for (int round = 0; round < 2; ++round)
    for (auto& one : workers) {
      wait_for_answers(reads, 100);
      one.signal(SIGKILL);
      wait_for_answers(reads, 100);
      one.start();
      const auto up = "worker_up{worker=\"" + one.address() + "\"}";
      CHECK(wait_until(10s, [&] { return proxy.metric(up) == 1; }));
    }
  reads.stop();
  writes.stop();
  INFO(reads.complaints() << writes.complaints());
  CHECK(reads.errors() == 0);
  CHECK(counted.counted_twice() == 0);
  CHECK(counted.size() > 100);
  CHECK(writes.errors() <= 6 * 3);  // at most what each client had under way at a kill
  CHECK(reads.percentile(0.99) < 500ms);
}

TEST_CASE("a worker that is stopped loses its GETs to others, and the 99th percentile stays bounded",
          "[lb][fault]") {
  votes counted;
  scripted_worker behind(answering([&](const std::string& request) { return counted.answer(request); }));
  std::array<worker_process, 3> workers{worker_process(behind), worker_process(behind),
                                        worker_process(behind)};
  const proxy_process proxy({workers[0].address(), workers[1].address(), workers[2].address()}, quick_probes);
  steady_load reads(proxy.port, 6);
  steady_load writes(proxy.port, 3, numbered_writes());
  wait_for_answers(reads, 100);
  workers[1].signal(SIGSTOP);
  const auto up = "worker_up{worker=\"" + workers[1].address() + "\"}";
  CHECK(wait_until(10s, [&] { return proxy.metric(up) == 0; }));
  wait_for_answers(reads, 500);
  workers[1].signal(SIGCONT);
  CHECK(wait_until(10s, [&] { return proxy.metric(up) == 1; }));
  wait_for_answers(reads, 100);
  reads.stop();
  writes.stop();
  INFO(reads.complaints() << writes.complaints());
  CHECK(reads.errors() == 0);
  CHECK(counted.counted_twice() == 0);
  CHECK(counted.size() > 100);
  CHECK(reads.percentile(0.99) < 300ms);
  CHECK(reads.percentile(1) < 3s);
}

TEST_CASE("a worker that accepts and never answers fails no GET", "[lb][fault]") {
  scripted_worker silent([](worker_connection& connection, const std::string&) { connection.read_rest(); });
  votes counted;
  const auto answer = answering([&](const std::string& request) { return counted.answer(request); });
  scripted_worker one(answer);
  scripted_worker two(answer);
  const proxy_process proxy({silent.address(), one.address(), two.address()},
                            with(quick_probes, {"--answer-timeout", "300ms"}));
  steady_load reads(proxy.port, 6);
  steady_load writes(proxy.port, 2, numbered_writes());
  std::this_thread::sleep_for(3s);
  reads.stop();
  writes.stop();
  INFO(reads.complaints() << writes.complaints());
  CHECK(reads.errors() == 0);
  CHECK(counted.counted_twice() == 0);
  CHECK(reads.percentile(0.99) < 1s);
  CHECK(silent.requests().size() < 60);
  silent.die();
}

TEST_CASE("a worker that answers garbage is left alone after a few requests", "[lb][fault]") {
  votes counted;
  scripted_worker garbage([&](worker_connection& connection, const std::string& request) {
    counted.answer(request);
    connection.send("\x01\x02 this is not HTTP\r\n\r\n");
    connection.read_rest();
  });
  const auto answer = answering([&](const std::string& request) { return counted.answer(request); });
  scripted_worker one(answer);
  scripted_worker two(answer);
  const proxy_process proxy({garbage.address(), one.address(), two.address()}, quick_probes);
  steady_load reads(proxy.port, 6);
  steady_load writes(proxy.port, 3, numbered_writes());
  std::this_thread::sleep_for(2s);
  reads.stop();
  writes.stop();
  INFO(reads.complaints() << writes.complaints());
  CHECK(reads.errors() + writes.errors() == garbage.requests().size());  // 502 each: an answer had begun
  CHECK(counted.counted_twice() == 0);
  CHECK(counted.size() > 100);
  CHECK(reads.errors() < 60);
  CHECK(reads.answers() > 20 * reads.errors());
}

TEST_CASE("a worker that is slow by 100 ms gets a small share", "[lb][fault]") {
  votes counted;
  scripted_worker slow(answering([&](const std::string& request) {
    std::this_thread::sleep_for(100ms);
    return counted.answer(request);
  }));
  const auto answer = answering([&](const std::string& request) { return counted.answer(request); });
  scripted_worker one(answer);
  scripted_worker two(answer);
  const proxy_process proxy({slow.address(), one.address(), two.address()}, quick_probes);
  steady_load reads(proxy.port, 8);
  steady_load writes(proxy.port, 2, numbered_writes());
  std::this_thread::sleep_for(2s);
  reads.stop();
  writes.stop();
  const auto answers = reads.answers() + writes.answers();
  INFO(reads.complaints() << writes.complaints() << slow.requests().size() << " of " << answers);
  CHECK(reads.errors() + writes.errors() == 0);
  CHECK(counted.counted_twice() == 0);
  CHECK(slow.requests().size() * 20 < answers);
}
