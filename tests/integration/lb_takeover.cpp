// One process serves on where another one ends: not one connection is refused, not one request is cut.
#include "integration/lb_proxy_process.hpp"
#include "support/steady_load.hpp"
#include "support/temp_dir.hpp"
#include "support/wait.hpp"

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <future>
#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

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

// Answers /held when it is told to, and everything else at once.
class held_worker {
 public:
  ~held_worker() {
    for (int i = 0; i < 100; ++i) answer();  // whatever is still held
  }
  std::string address() const { return worker_.address(); }
  bool holds_one() {
    const std::lock_guard lock(mutex_);
    return held_ > told_;
  }
  void answer() {
    const std::lock_guard lock(mutex_);
    ++told_;
    telling_.notify_all();
  }

 private:
  std::string wait_and_answer(const std::string& request) {
    if (!has(request, "/held")) return answer_with("quick");
    std::unique_lock lock(mutex_);
    const int mine = ++held_;
    telling_.wait_for(lock, 60s, [&] { return told_ >= mine; });
    return answer_with("late");
  }

  std::mutex mutex_;
  std::condition_variable telling_;
  int held_ = 0;
  int told_ = 0;  // to answer
  scripted_worker worker_{answering([this](const std::string& request) { return wait_and_answer(request); })};
};

// Lets the kernel take connections, and takes none.
class deaf_port {
 public:
  deaf_port() {
    where_.sin_family = AF_INET;
    where_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof where_;
    REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&where_), size) == 0);
    REQUIRE(listen(listener_, 16) == 0);
    REQUIRE(getsockname(listener_, reinterpret_cast<sockaddr*>(&where_), &size) == 0);
  }
  ~deaf_port() {
    if (listener_ >= 0) close(listener_);
  }
  std::uint16_t port() const { return ntohs(where_.sin_port); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port()); }
  int release() { return std::exchange(listener_, -1); }

 private:
  int listener_ = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in where_{};
};

// Takes over from this proxy, and is ready.
template <class Worker>
child_process successor_of(const proxy_process& proxy, const Worker& worker, const std::string& control) {
  child_process next(ATELIER_PROGRAM, {"lb", "--listen", "127.0.0.1:" + std::to_string(proxy.port),
                                       "--worker", worker.address(), "--control", control, "--takeover"});
  next.wait_for("the former process was told to end");
  return next;
}

// Started as systemd does it: the socket is descriptor 3, and LISTEN_PID names the process itself.
class activated_proxy {
 public:
  activated_proxy(int listener, const scripted_worker& worker, const std::string& listen = "127.0.0.1:1") {
    const auto script = "exec 3<&" + std::to_string(listener) + "; LISTEN_PID=$$ LISTEN_FDS=1 exec " +
                        ATELIER_PROGRAM + " lb --listen " + listen + " --worker " + worker.address();
    child_ = fork();
    if (child_ == 0) {
      execl("/bin/bash", "bash", "-c", script.c_str(), static_cast<char*>(nullptr));
      _exit(127);
    }
    close(listener);
  }

  bool ends_well() {
    kill(child_, SIGTERM);
    int status = 0;
    waitpid(child_, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

 private:
  pid_t child_ = -1;
};

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
  std::promise<void> may_answer;
  scripted_worker worker(answering([go = may_answer.get_future().share()](const std::string&) {
    go.wait_for(30s);
    return answer_with("late");
  }));
  const temp_dir folder;
  proxy_process proxy({worker.address()}, {"--control", folder / "control"});
  auto client = proxy.connect();
  auto resting = proxy.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(wait_until(5s, [&] { return worker.requests().size() == 1; }));
  child_process next(ATELIER_PROGRAM,
                     {"lb", "--listen", "127.0.0.1:" + std::to_string(proxy.port), "--worker",
                      worker.address(), "--control", folder / "control", "--takeover"});
  next.wait_for("the former process was told to end");
  proxy.process.wait_for("another process serves from here on");
  may_answer.set_value();
  const auto answer = client.read();
  CHECK(answer.body == "late");
  CHECK(answer.header("Connection") == "close");
  // A connection at rest may ask once more.
  const auto once_more = resting.get("/");
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

TEST_CASE("SIGTERM while the successor is not ready yet cuts nothing either", "[lb]") {
  held_worker worker;
  const temp_dir folder;
  proxy_process proxy({worker.address()}, {"--control", folder / "control", "--drain-timeout", "1m"});
  auto client = proxy.connect();
  client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(wait_until(5s, [&] { return worker.holds_one(); }));
  // Its worker's probe takes as long as it may, so that it is ready only after a while.
  const deaf_port deaf;
  child_process next(
      ATELIER_PROGRAM,
      {"lb", "--listen", "127.0.0.1:" + std::to_string(proxy.port), "--worker", deaf.address(), "--worker",
       worker.address(), "--probe-timeout", "1m", "--control", folder / "control", "--takeover"});
  next.wait_for("listening on 127");
  proxy.process.signal(SIGTERM);
  proxy.process.wait_for("draining signal=SIGTERM");
  next.wait_for("the former process was told to end");
  proxy.process.wait_for("another process serves from here on");
  std::this_thread::sleep_for(200ms);
  worker.answer();
  CHECK(client.read().body == "late");
  CHECK(proxy.process.wait(10s).code == 0);
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

TEST_CASE("a takeover moves to other addresses, if the new process is told others", "[lb]") {
  scripted_worker worker(slow_answers());
  const temp_dir folder;
  const auto admin_file = (folder / "admin").string();
  const auto port = free_port();
  const auto words = [&](std::vector<std::string> where) {
    where.insert(where.begin(), "lb");
    where.insert(where.end(), {"--worker", worker.address(), "--control", folder / "control", "--takeover"});
    return where;
  };
  child_process first(ATELIER_PROGRAM, words({"--listen", "127.0.0.1:" + std::to_string(port), "--admin",
                                              "unix:" + admin_file}));
  first.wait_for("listening on");

  const auto other = free_port();
  const auto admin = free_port();
  child_process second(ATELIER_PROGRAM, words({"--listen", "127.0.0.1:" + std::to_string(other), "--admin",
                                               "127.0.0.1:" + std::to_string(admin)}));
  second.wait_for("the former process was told to end");
  CHECK(first.wait(10s).code == 0);
  CHECK(fetch(other, "/").status == 200);
  CHECK(fetch(admin, "/ready").status == 200);
  CHECK_FALSE(is_listening(port));
  CHECK_FALSE(std::filesystem::exists(admin_file));

  // The same place by another name is the same.
  child_process third(ATELIER_PROGRAM, words({"--listen", "localhost:" + std::to_string(other)}));
  third.wait_for("the former process was told to end");
  CHECK(has(third.errors(), "listening on an inherited socket listen=127.0.0.1:" + std::to_string(other)));
  CHECK(second.wait(10s).code == 0);
  CHECK(fetch(other, "/").status == 200);
  CHECK_FALSE(is_listening(admin));
}

TEST_CASE("UNIX sockets are taken over, and their files go with the last who listens", "[lb]") {
  held_worker worker;
  const temp_dir folder;
  const auto front = (folder / "front").string();
  const auto admin = (folder / "admin").string();
  const std::vector<std::string> words{
      "lb",       "--listen",       "unix:" + front, "--admin",          "unix:" + admin,
      "--worker", worker.address(), "--control",     folder / "control", "--takeover"};
  std::list<child_process> generations;
  for (int i = 0; i < 3; ++i) {
    std::optional<http_client> client;
    if (i > 0) {
      client.emplace(front);
      client->send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
      REQUIRE(wait_until(5s, [&] { return worker.holds_one(); }));
    }
    generations.emplace_back(ATELIER_PROGRAM, words);
    if (i == 0) {
      generations.back().wait_for("listening on");
    } else {
      generations.back().wait_for("the former process was told to end");
      worker.answer();
      CHECK(client->read().body == "late");
      CHECK(generations.front().wait(10s).code == 0);
      generations.pop_front();
    }
    CHECK(http_client(front).get("/quick").status == 200);
    CHECK(http_client(admin).get("/ready").status == 200);
  }
  generations.back().signal(SIGTERM);
  CHECK(generations.back().wait(10s).code == 0);
  CHECK_FALSE(std::filesystem::exists(front));
  CHECK_FALSE(std::filesystem::exists(admin));
}

TEST_CASE("a TCP socket inherited by LISTEN_FDS is served, whatever --listen says", "[lb]") {
  const scripted_worker worker(slow_answers());
  deaf_port ours;
  activated_proxy proxy(ours.release(), worker);
  CHECK(fetch(ours.port(), "/").status == 200);
  CHECK(proxy.ends_well());
}

TEST_CASE("a UNIX socket inherited by LISTEN_FDS is served, and its file is left to who made it", "[lb]") {
  const scripted_worker worker(slow_answers());
  const temp_dir folder;
  const auto path = (folder / "front").string();
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  path.copy(where.sun_path, sizeof where.sun_path - 1);
  REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
  REQUIRE(listen(fd, 16) == 0);
  activated_proxy proxy(fd, worker, "unix:" + path);
  CHECK(http_client(path).get("/").status == 200);
  CHECK(proxy.ends_well());
  CHECK(std::filesystem::exists(path));
}
