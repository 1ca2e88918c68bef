// Where a proxy listens: sockets that another process or systemd hands over, TCP and UNIX, and new ones.
#include "support/held_worker.hpp"
#include "support/http_client.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <list>
#include <optional>

using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

// Started as systemd does it: the sockets are the descriptors from 3 on, and LISTEN_PID names the process
// itself. In ascending order, so that none is overwritten before it is moved.
class activated_proxy {
 public:
  activated_proxy(const std::vector<int>& listeners, const scripted_worker& worker,
                  const std::string& listen = "127.0.0.1:1", const std::string& names = "",
                  const std::string& log = "/dev/stderr") {
    std::string script = "exec 2>>" + log;
    for (std::size_t i = 0; i < listeners.size(); ++i)
      script += " " + std::to_string(3 + i) + "<&" + std::to_string(listeners[i]);
    script += "; LISTEN_PID=$$ LISTEN_FDS=" + std::to_string(listeners.size()) + " LISTEN_FDNAMES=" + names +
              " exec " + ATELIER_PROGRAM + " lb --listen " + listen + " --worker " + worker.address();
    child_ = fork();
    if (child_ == 0) {
      execl("/bin/bash", "bash", "-c", script.c_str(), static_cast<char*>(nullptr));
      _exit(127);
    }
    for (const int one : listeners) close(one);
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

TEST_CASE("a takeover moves to other addresses, if the new process is told others", "[lb]") {
  scripted_worker worker(quick_answers());
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
  const scripted_worker worker(quick_answers());
  deaf_port ours;
  activated_proxy proxy({ours.release()}, worker);
  CHECK(fetch(ours.port(), "/").status == 200);
  CHECK(proxy.ends_well());
}

TEST_CASE("a UNIX socket inherited by LISTEN_FDS is served, and its file is left to who made it", "[lb]") {
  const scripted_worker worker(quick_answers());
  const temp_dir folder;
  const auto path = (folder / "front").string();
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  path.copy(where.sun_path, sizeof where.sun_path - 1);
  REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
  REQUIRE(listen(fd, 16) == 0);
  activated_proxy proxy({fd}, worker, "unix:" + path);
  CHECK(http_client(path).get("/").status == 200);
  CHECK(proxy.ends_well());
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("an inherited socket that nobody is told to use is said", "[lb]") {
  const scripted_worker worker(quick_answers());
  const temp_dir folder;
  const auto log = (folder / "log").string();
  deaf_port admin;
  deaf_port ours;
  activated_proxy proxy({admin.release(), ours.release()}, worker, "127.0.0.1:1", "admin:web", log);
  CHECK(fetch(ours.port(), "/").status == 200);
  CHECK(has(read_file(log), "the inherited socket 'admin' is not used: give --admin"));
  CHECK(proxy.ends_well());
}
