// One process serves on where another one ends: not one connection is refused, not one request is cut.
#include "integration/lb_successor.hpp"
#include "support/held_worker.hpp"
#include "support/steady_load.hpp"
#include "support/temp_dir.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <filesystem>
#include <list>
#include <thread>

using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

scripted_worker::script slow_answers() {
  return answering([](const std::string&) {
    std::this_thread::sleep_for(3ms);
    return answer_with("ok");
  });
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("ten takeovers under load refuse no connection and cut no request", "[lb]") {
  scripted_worker worker(slow_answers());
  const temp_dir folder;
  const auto port = free_port();
  const auto admin = free_port();
  const std::vector<std::string> words{"lb",
                                       "--listen",
                                       "127.0.0.1:" + std::to_string(port),
                                       "--admin",
                                       "127.0.0.1:" + std::to_string(admin),
                                       "--worker",
                                       worker.address(),
                                       "--control",
                                       folder / "control",
                                       "--takeover",
                                       "--probe-interval",
                                       "50ms"};
  std::list<child_process> generations;
  generations.emplace_back(ATELIER_PROGRAM, words);
  generations.back().wait_for("listening on");
  CHECK(has(generations.back().errors(), "nobody to take over from"));

  steady_load kept(port, 8);
  steady_load fresh(port, 2,
                    [] { return std::string("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); });
  for (int i = 0; i < 10; ++i) {
    const auto before = kept.answers();
    REQUIRE(wait_until(10s, [&] { return kept.answers() > before + 30; }));
    generations.emplace_back(ATELIER_PROGRAM, words);
    generations.back().wait_for("the former process was told to end");
    CHECK(generations.front().wait(20s).code == 0);
    generations.pop_front();
    CHECK(fetch(admin, "/ready").status == 200);
  }
  kept.stop();
  fresh.stop();
  INFO(kept.complaints() + fresh.complaints());
  CHECK(kept.errors() + fresh.errors() == 0);
  CHECK(kept.connections() >= 8 * 11);
  CHECK(std::filesystem::exists(folder / "control"));
}

TEST_CASE("a successor that fails before it is ready changes nothing", "[lb]") {
  scripted_worker worker(slow_answers());
  const temp_dir folder;
  const proxy_process proxy({worker.address()}, {"--control", folder / "control"});
  const auto failed =
      run_program(ATELIER_PROGRAM, {"lb", "--listen", "127.0.0.1:" + std::to_string(proxy.port), "--worker",
                                    "no.such.host.invalid:1", "--control", folder / "control", "--takeover"});
  CHECK(failed.code == 1);
  CHECK(fetch(proxy.port, "/").status == 200);
  CHECK(fetch(proxy.admin, "/ready").status == 200);
}

TEST_CASE("a request under way when another process takes over is answered, and said to be the last",
          "[lb]") {
  held_worker worker;
  const temp_dir folder;
  proxy_process proxy({worker.address()}, {"--control", folder / "control"});
  auto client = proxy.connect();
  auto resting = proxy.connect();
  client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(wait_until(5s, [&] { return worker.holds_one(); }));
  auto next = successor_of(proxy, worker, folder / "control");
  proxy.process.wait_for("another process serves from here on");
  worker.answer();
  const auto answer = client.read();
  CHECK(answer.body == "late");
  CHECK(answer.header("Connection") == "close");
  // A connection at rest may ask once more.
  const auto once_more = resting.get("/quick");
  CHECK(once_more.status == 200);
  CHECK(once_more.header("Connection") == "close");
  CHECK(proxy.process.wait(10s).code == 0);
  CHECK(fetch(proxy.port, "/").status == 200);
}

TEST_CASE("a request that takes longer than any patience with connections survives a takeover", "[lb]") {
  held_worker worker;
  const temp_dir folder;
  proxy_process proxy({worker.address()}, {"--control", folder / "control", "--drain-timeout", "200ms"});
  auto client = proxy.connect();
  auto resting = proxy.connect();
  CHECK(resting.get("/quick").status == 200);
  client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(wait_until(5s, [&] { return worker.holds_one(); }));
  auto next = successor_of(proxy, worker, folder / "control");
  proxy.process.wait_for("another process serves from here on");
  CHECK(resting.is_closed());  // when its patience is over
  std::this_thread::sleep_for(1s);
  CHECK(proxy.process.running());
  worker.answer();
  CHECK(client.read().body == "late");
  CHECK(proxy.process.wait(10s).code == 0);
}

TEST_CASE("SIGTERM gives a process that was taken over a last patience, and a second one none", "[lb]") {
  const bool twice = GENERATE(false, true);
  held_worker worker;
  const temp_dir folder;
  proxy_process proxy({worker.address()}, {"--control", folder / "control", "--drain-timeout", "1m"});
  auto client = proxy.connect();
  client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(wait_until(5s, [&] { return worker.holds_one(); }));
  auto next = successor_of(proxy, worker, folder / "control");
  proxy.process.wait_for("another process serves from here on");
  proxy.process.signal(SIGTERM);
  proxy.process.wait_for("draining signal=SIGTERM");
  if (twice) {
    proxy.process.signal(SIGTERM);
    CHECK_THROWS(client.read());
  } else {
    worker.answer();
    CHECK(client.read().body == "late");
  }
  CHECK(proxy.process.wait(10s).code == 0);
  CHECK(fetch(proxy.port, "/quick").status == 200);
}

TEST_CASE("what operators made of workers goes on in the process that takes over", "[lb]") {
  scripted_worker weighed(slow_answers());
  scripted_worker drained(slow_answers());
  scripted_worker removed(slow_answers());
  scripted_worker added(slow_answers());
  const temp_dir folder;
  const auto control = (folder / "control").string();
  const auto ask = [&](const std::string& target, const std::string& body = "") {
    return http_client(control).request("POST", target, {}, body).status;
  };
  const auto says = [&](const scripted_worker& which, const std::string& what) {
    return wait_until(
        10s, [&] { return has(http_client(control).get("/workers/" + which.address()).body, what); });
  };
  proxy_process proxy({weighed.address(), drained.address(), removed.address()}, {"--control", control});
  CHECK(ask("/workers/" + weighed.address() + "/weight", "7") == 200);
  CHECK(ask("/workers/" + drained.address() + "/drain") == 200);
  CHECK(ask("/workers/" + removed.address() + "/remove") == 200);
  CHECK(ask("/workers", added.address() + ",weight=4,max=9") == 201);

  const auto successor = [&](const std::string& first, const std::string& second) {
    child_process next(ATELIER_PROGRAM, {"lb", "--listen", "127.0.0.1:" + std::to_string(proxy.port),
                                         "--worker", first, "--worker", second, "--worker", removed.address(),
                                         "--control", control, "--takeover"});
    next.wait_for("the former process was told to end");
    return next;
  };
  auto next = successor(weighed.address(), drained.address());
  CHECK(proxy.process.wait(10s).code == 0);
  CHECK(says(weighed, "\"weight\":7"));
  CHECK(says(drained, "\"state\":\"drained\",\"reason\":\"drained by an operator\""));
  CHECK(says(added, "\"weight\":4,\"max\":9"));
  CHECK(http_client(control).get("/workers/" + removed.address()).status == 404);
  CHECK(fetch(proxy.port, "/").status == 200);
  CHECK(drained.requests().empty());
  CHECK(removed.requests().empty());

  // Another generation has the same, but for what its configuration says anew.
  const auto third = successor(weighed.address() + ",weight=3", drained.address());
  CHECK(next.wait(10s).code == 0);
  CHECK(says(weighed, "\"weight\":3"));
  CHECK(says(drained, "\"state\":\"drained\""));
  CHECK(says(added, "\"weight\":4,\"max\":9"));
  CHECK(http_client(control).get("/workers/" + removed.address()).status == 404);
}

TEST_CASE("a process that ends removes no file that another one has put in the place of its own", "[lb]") {
  held_worker worker;
  const temp_dir folder;
  const auto control = (folder / "control").string();
  proxy_process proxy({worker.address()}, {"--control", control, "--drain-timeout", "1m"});
  auto client = proxy.connect();
  client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(wait_until(5s, [&] { return worker.holds_one(); }));
  proxy.process.signal(SIGTERM);
  proxy.process.wait_for("draining signal=SIGTERM");
  const proxy_process other({worker.address()}, {"--control", control});
  worker.answer();
  CHECK(client.read().body == "late");
  CHECK(proxy.process.wait(10s).code == 0);
  CHECK(has(workers_by(control), worker.address()));
  const auto third = successor_of(other, worker, control);
}

TEST_CASE("a process that was taken over notices a worker that falls silent", "[lb]") {
  held_worker held;
  child_process stopping(ATELIER_PROGRAM, {"lb", "--listen", "127.0.0.1:" + std::to_string(free_port()),
                                           "--worker", held.address()});
  stopping.wait_for("listening on 127.0.0.1:");
  const auto said = stopping.errors();
  const auto at = said.find("listening on ") + std::string_view("listening on ").size();
  scripted_worker other(slow_answers());
  const temp_dir folder;
  proxy_process proxy(
      {said.substr(at, said.find(' ', at) - at), other.address()},
      {"--control", folder / "control", "--probe-timeout", "200ms", "--answer-timeout", "5m"});
  std::list<http_client> clients;
  while (!held.holds_one()) {
    clients.push_back(proxy.connect());
    clients.back().send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_until(200ms, [&] { return held.holds_one(); });
  }
  auto next = successor_of(proxy, other, folder / "control");
  proxy.process.wait_for("another process serves from here on");
  stopping.signal(SIGSTOP);
  CHECK(clients.back().read().body == "ok");
  stopping.signal(SIGKILL);
}
