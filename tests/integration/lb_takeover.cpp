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
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <future>
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

TEST_CASE("a socket inherited by LISTEN_FDS is served, whatever --listen says", "[lb]") {
  scripted_worker worker(slow_answers());
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&where), size) == 0);
  REQUIRE(listen(fd, 16) == 0);
  REQUIRE(getsockname(fd, reinterpret_cast<sockaddr*>(&where), &size) == 0);
  // As systemd does it: the socket is descriptor 3, and LISTEN_PID names the process itself.
  const auto script = "exec 3<&" + std::to_string(fd) + "; LISTEN_PID=$$ LISTEN_FDS=1 exec " +
                      ATELIER_PROGRAM + " lb --listen 127.0.0.1:1 --worker " + worker.address();
  const pid_t child = fork();
  if (child == 0) {
    execl("/bin/bash", "bash", "-c", script.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  close(fd);
  CHECK(fetch(ntohs(where.sin_port), "/").status == 200);
  kill(child, SIGTERM);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
