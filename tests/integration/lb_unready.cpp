// While a process that takes over is not ready yet, either of the two may end at any moment: the other one
// serves on, obeys and can be taken over.
#include "integration/lb_successor.hpp"
#include "support/held_worker.hpp"
#include "support/steady_load.hpp"
#include "support/temp_dir.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <list>

using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

std::uint64_t number_of(const std::string& file) {
  struct stat now {};
  return stat(file.c_str(), &now) == 0 ? now.st_ino : 0;
}

// Has asked this proxy for its sockets and is not ready for a while, since one of its workers does not answer
// probes.
class unready_successor {
 public:
  template <class Worker>
  unready_successor(proxy_process& proxy, const Worker& worker, const std::string& control)
      : process(ATELIER_PROGRAM, words(proxy, worker.address(), control)) {
    proxy.process.wait_for("another process asks for the listening sockets");
  }

  std::vector<std::string> words(const proxy_process& proxy, const std::string& worker,
                                 const std::string& control) const {
    return {"lb",
            "--listen",
            "127.0.0.1:" + std::to_string(proxy.port),
            "--worker",
            worker,
            "--worker",
            deaf.address(),
            "--probe-timeout",
            "1m",
            "--answer-timeout",
            "300ms",
            "--control",
            control,
            "--takeover"};
  }
  bool is_ready() const { return has(process.errors(), "the former process was told to end"); }

  deaf_port deaf;
  child_process process;
};

}  // namespace

TEST_CASE("until it is ready a successor accepts nothing and replaces nothing", "[lb]") {
  scripted_worker worker(quick_answers());
  const temp_dir folder;
  const auto control = (folder / "control").string();
  proxy_process proxy({worker.address()}, {"--control", control});
  const auto requests = number_of(control);
  const auto successors = number_of(control + ".takeover");
  unready_successor next(proxy, worker, control);
  std::list<http_client> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(proxy.connect());
    CHECK(clients.back().get("/").status == 200);
  }
  CHECK_FALSE(has(workers_by(control), next.deaf.address()));
  const bool in_time = !next.is_ready();
  next.process.wait_for("the former process was told to end");
  if (in_time) proxy.process.wait_for("another process serves from here on: draining connections=20");
  CHECK(has(workers_by(control), next.deaf.address()));
  CHECK(number_of(control) == requests);
  CHECK(number_of(control + ".takeover") == successors);
  clients.clear();
  CHECK(proxy.process.wait(10s).code == 0);
  CHECK(number_of(control) == requests);
  next.process.signal(SIGTERM);
  CHECK(next.process.wait(10s).code == 0);
  CHECK_FALSE(std::filesystem::exists(control));
  CHECK_FALSE(std::filesystem::exists(control + ".takeover"));
}

TEST_CASE("a successor that ends before it is ready leaves the former one as it was", "[lb]") {
  const int signal = GENERATE(SIGKILL, SIGTERM);
  scripted_worker worker(quick_answers());
  const temp_dir folder;
  const auto control = (folder / "control").string();
  proxy_process proxy({worker.address()}, {"--control", control});
  unready_successor next(proxy, worker, control);
  next.process.signal(signal);
  next.process.wait(10s);
  REQUIRE_FALSE(next.is_ready());
  proxy.process.wait_for("the other process ended before it was ready");
  CHECK(fetch(proxy.port, "/").status == 200);
  CHECK(has(workers_by(control), worker.address()));
  const auto third = successor_of(proxy, worker, control);
  CHECK(proxy.process.wait(10s).code == 0);
  CHECK(fetch(proxy.port, "/").status == 200);
  CHECK(has(workers_by(control), worker.address()));
}

TEST_CASE("one process at a time takes over, a second one is told to wait", "[lb]") {
  scripted_worker worker(quick_answers());
  const temp_dir folder;
  const auto control = (folder / "control").string();
  proxy_process proxy({worker.address()}, {"--control", control});
  unready_successor next(proxy, worker, control);
  const auto second = run_program(ATELIER_PROGRAM, next.words(proxy, worker.address(), control));
  REQUIRE_FALSE(next.is_ready());
  CHECK(second.code == 1);
  CHECK(has(second.errors, "the process " + std::to_string(next.process.pid()) +
                               " is taking over at this moment: wait until it serves"));
  next.process.wait_for("the former process was told to end");
  CHECK(proxy.process.wait(10s).code == 0);
  CHECK(fetch(proxy.port, "/").status == 200);
  CHECK(has(workers_by(control), next.deaf.address()));
}

TEST_CASE("a process that is killed while its successor is not ready leaves it everything", "[lb]") {
  scripted_worker worker(quick_answers());
  const temp_dir folder;
  const auto control = (folder / "control").string();
  proxy_process proxy({worker.address()}, {"--control", control});
  unready_successor next(proxy, worker, control);
  proxy.process.signal(SIGKILL);
  next.process.wait_for("the former process has ended by itself");
  CHECK(fetch(proxy.port, "/").status == 200);
  CHECK(has(workers_by(control), next.deaf.address()));
  const auto third = successor_of(proxy, worker, control);
  CHECK(next.process.wait(10s).code == 0);
  CHECK(fetch(proxy.port, "/").status == 200);
  CHECK_FALSE(has(workers_by(control), next.deaf.address()));
}

TEST_CASE("SIGTERM while the successor is not ready makes it serve, and cuts nothing", "[lb]") {
  held_worker worker;
  const temp_dir folder;
  const auto control = (folder / "control").string();
  proxy_process proxy({worker.address()}, {"--control", control, "--drain-timeout", "1m"});
  auto client = proxy.connect();
  client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(wait_until(5s, [&] { return worker.holds_one(); }));
  unready_successor next(proxy, worker, control);
  steady_load fresh(proxy.port, 2,
                    [] { return std::string("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); });
  proxy.process.signal(SIGTERM);
  proxy.process.wait_for("draining signal=SIGTERM");
  next.process.wait_for("the former process has ended by itself");
  const auto before = fresh.answers();
  CHECK(wait_until(10s, [&] { return fresh.answers() > before + 20; }));
  fresh.stop();
  INFO(fresh.complaints());
  CHECK(fresh.errors() == 0);
  for (int i = 0; i < 20; ++i) CHECK(has(workers_by(control), next.deaf.address()));
  worker.answer();
  CHECK(client.read().body == "late");
  CHECK(proxy.process.wait(10s).code == 0);
  CHECK(has(workers_by(control), next.deaf.address()));
  const auto third = successor_of(proxy, worker, control);
  CHECK(next.process.wait(10s).code == 0);
  CHECK(fetch(proxy.port, "/quick").status == 200);
}
