// Operators change a running proxy: over the admin address, over the socket, by the configuration file.
#include "integration/lb_proxy_process.hpp"
#include "support/steady_load.hpp"
#include "support/temp_dir.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

scripted_worker::script named(std::string name) {
  return answering([name = std::move(name)](const std::string&) { return answer_with(name); });
}

http_answer post(std::uint16_t port, const std::string& target, std::string_view body = "",
                 const http_headers& fields = {}) {
  return http_client(port).request("POST", target, fields, body);
}

std::string worker_path(const scripted_worker& w) { return "/workers/" + w.address(); }

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

// One request over a UNIX socket; everything that came back.
std::string ask_socket(const std::string& path, const std::string& request) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  path.copy(where.sun_path, sizeof where.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string got;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0 &&
      send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
    std::array<char, 4096> block;
    for (ssize_t n; (n = recv(fd, block.data(), block.size(), 0)) > 0;)
      got.append(block.data(), static_cast<std::size_t>(n));
  }
  close(fd);
  return got;
}

}  // namespace

TEST_CASE("workers are added, drained, made ready, weighed and removed while requests run", "[lb]") {
  scripted_worker first(named("first"));
  scripted_worker second(named("second"));
  const proxy_process proxy({first.address()});
  steady_load load(proxy.port, 4);

  const auto added = post(proxy.admin, "/workers", second.address() + ",weight=3\n");
  CHECK(added.status == 201);
  CHECK(added.header("Location") == worker_path(second));
  CHECK(has(added.body, "\"weight\":3"));
  CHECK(post(proxy.admin, "/workers", second.address()).status == 409);
  CHECK(wait_until(5s, [&] { return second.requests().size() > 10; }));

  CHECK(has(post(proxy.admin, worker_path(first) + "/drain").body, "drain"));
  CHECK(wait_until(5s, [&] { return has(fetch(proxy.admin, worker_path(first)).body, "\"drained\""); }));
  const auto drained_at = first.requests().size();
  std::this_thread::sleep_for(50ms);
  CHECK(first.requests().size() == drained_at);

  CHECK(has(post(proxy.admin, worker_path(first) + "/ready").body, "\"up\""));
  CHECK(wait_until(5s, [&] { return first.requests().size() > drained_at; }));
  CHECK(has(post(proxy.admin, worker_path(first) + "/weight", "7").body, "\"weight\":7"));
  for (const std::string wrong : {"", "0", "1001", "x", "7 8"})
    CHECK(post(proxy.admin, worker_path(first) + "/weight", wrong).status == 422);

  CHECK(post(proxy.admin, worker_path(second) + "/remove").status == 200);
  CHECK(wait_until(5s, [&] { return !has(fetch(proxy.admin, "/workers").body, second.address()); }));
  CHECK(post(proxy.admin, worker_path(second) + "/drain").status == 404);
  CHECK(fetch(proxy.admin, worker_path(second)).status == 404);
  CHECK(post(proxy.admin, "/workers", second.address()).status == 201);
  load.stop();
  INFO(load.complaints());
  CHECK(load.errors() == 0);
  CHECK(load.answers() > 100);
}

TEST_CASE("what cannot be done is said, and a page of another site may do nothing", "[lb]") {
  scripted_worker worker(named("w"));
  const proxy_process proxy({worker.address()});
  CHECK(post(proxy.admin, "/workers", "nowhere").status == 422);
  CHECK(post(proxy.admin, "/workers", "no.such.host.invalid:80").status == 422);
  CHECK(post(proxy.admin, worker_path(worker) + "/drain", "", {{"Origin", "http://evil.example"}}).status ==
        403);
  const auto wrong_method = http_client(proxy.admin).request("PUT", "/workers");
  CHECK(wrong_method.status == 405);
  CHECK(wrong_method.header("Allow") == "GET, HEAD, POST");
  CHECK(http_client(proxy.admin).get(worker_path(worker) + "/drain").header("Allow") == "POST");
  CHECK(post(proxy.admin, "/metrics").header("Allow") == "GET, HEAD");
  CHECK(post(proxy.admin, worker_path(worker) + "/dance").status == 404);
  CHECK(fetch(proxy.port, "/").status == 200);
}

TEST_CASE("changes by an address that others reach need the token, reading does not", "[lb]") {
  scripted_worker worker(named("w"));
  const temp_dir folder;
  const auto token_file = folder.write("token", "secret-word\n");
  const auto admin = free_port();
  const auto start = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"lb", "--listen", "127.0.0.1:" + std::to_string(free_port()), "--worker",
                                   worker.address()};
    words.insert(words.end(), more.begin(), more.end());
    child_process one(ATELIER_PROGRAM, words);
    one.wait_for("listening on");
    return one;
  };
  const auto any = "0.0.0.0:" + std::to_string(admin);
  const auto drain = worker_path(worker) + "/drain";
  {
    const auto open = start({"--admin", any});
    CHECK(fetch(admin, "/workers").status == 200);
    CHECK(post(admin, drain).status == 403);
    CHECK(post(admin, drain, "", {{"Authorization", "Bearer "}}).status == 403);
  }
  for (const auto& where : {any, "127.0.0.1:" + std::to_string(admin)}) {
    const auto guarded = start({"--admin", where, "--admin-token-file", token_file});
    CHECK(fetch(admin, "/metrics").status == 200);
    CHECK(post(admin, drain).status == 403);
    CHECK(post(admin, drain, "", {{"Authorization", "Bearer secret-wore"}}).status == 403);
    CHECK(post(admin, drain, "", {{"Authorization", "Bearer secret-word"}}).status == 200);
  }
}

TEST_CASE("the control socket is private, needs no token and goes when the proxy goes", "[lb]") {
  scripted_worker worker(named("w"));
  const temp_dir folder;
  const std::string path = folder / "control";
  {
    proxy_process proxy({worker.address()}, {"--control", path});
    struct stat file {};
    REQUIRE(stat(path.c_str(), &file) == 0);
    CHECK((file.st_mode & 0777) == 0600);
    CHECK(has(ask_socket(path, "GET /workers HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
              worker.address()));
    CHECK(has(ask_socket(path, "POST " + worker_path(worker) +
                                   "/drain HTTP/1.1\r\nHost: a\r\nContent-Length: "
                                   "0\r\nConnection: close\r\n\r\n"),
              "HTTP/1.1 200"));
    CHECK(fetch(proxy.port, "/").status == 503);
    const auto second = run_program(
        ATELIER_PROGRAM, {"lb", "--listen", "127.0.0.1:0", "--worker", worker.address(), "--control", path});
    CHECK(second.code == 1);
    CHECK(has(second.errors, "--takeover"));
    proxy.process.signal(SIGTERM);
    CHECK(proxy.process.wait(5s).code == 0);
  }
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK_FALSE(std::filesystem::exists(path + ".takeover"));
}

TEST_CASE("SIGHUP takes what the file says now, and nothing of a file that is wrong", "[lb]") {
  scripted_worker first(named("first"));
  scripted_worker second(named("second"));
  const temp_dir folder;
  const auto file = folder.write("lb.toml", "[lb]\nworker = [\"" + first.address() + "\"]\nqueue-max = 10\n");
  const auto port = free_port();
  const auto admin = free_port();
  child_process lb(ATELIER_PROGRAM, {"lb", "--config", file, "--listen", "127.0.0.1:" + std::to_string(port),
                                     "--admin", "127.0.0.1:" + std::to_string(admin)});
  lb.wait_for("listening on");

  folder.write("lb.toml", "[lb]\nworker = [\"" + first.address() + ",weight=2\", \"" + second.address() +
                              "\"]\nqueue-max = 20\nlisten = \"127.0.0.1:1\"\n");
  lb.signal(SIGHUP);
  lb.wait_for("reloaded: ");
  CHECK(has(lb.errors(), "--queue-max=20"));
  CHECK(has(lb.errors(), "before: --worker=" + first.address()));
  CHECK_FALSE(has(lb.errors(), "needs a restart"));  // the command line said --listen before, and does now
  const auto page = fetch(admin, "/workers").body;
  CHECK(has(page, second.address()));
  CHECK(has(page, "\"weight\":2"));

  for (const std::string wrong :
       {"[lb]\nworker = [\"nonsense\"]\n", "[lb]\nworkers = []\n", "not toml", "[lb]\n"}) {
    folder.write("lb.toml", wrong);
    const auto before = lb.errors().size();
    lb.signal(SIGHUP);
    CHECK(wait_until(5s, [&] { return has(lb.errors().substr(before), "nothing is changed"); }));
    CHECK(fetch(admin, "/workers").body.size() >= page.size() - 10);
  }
  folder.write("lb.toml", "[lb]\nworker = [\"" + second.address() + "\"]\n");
  lb.signal(SIGHUP);
  CHECK(wait_until(5s, [&] { return !has(fetch(admin, "/workers").body, first.address()); }));
  CHECK(fetch(port, "/").body == "second");
}

TEST_CASE("a request that waits in line goes on as it came, though a reload allows less than it has",
          "[lb]") {
  std::promise<void> may_answer;
  scripted_worker worker(answering([go = may_answer.get_future().share()](const std::string&) {
    go.wait_for(20s);
    return answer_with("ok");
  }));
  const temp_dir folder;
  const auto write = [&](const std::string& bounds) {
    return folder.write("lb.toml", "[lb]\nworker = [\"" + worker.address() + ",max=1\"]\n" + bounds);
  };
  const auto file = write("");
  proxy_process proxy({}, {"--config", file, "--queue-timeout", "20s"});
  auto first = proxy.connect();
  first.send("GET /first HTTP/1.1\r\nHost: first\r\n\r\n");
  REQUIRE(wait_until(5s, [&] { return worker.requests().size() == 1; }));
  const auto wait_in_line = [&](http_client& client, const std::string& name, std::size_t size, int place) {
    client.send("GET /" + name + std::string(size, 'x') + " HTTP/1.1\r\nHost: " + name +
                "\r\nX: " + std::string(size, 'x') + "\r\n\r\n");
    REQUIRE(wait_until(5s, [&] { return proxy.metric("requests_waiting") == place; }));
  };
  auto large = proxy.connect();
  wait_in_line(large, "large", 2000, 1);
  write("head-bytes-max = 1024\ntarget-bytes-max = 100\n");
  proxy.process.signal(SIGHUP);
  proxy.process.wait_for("reloaded: ");
  auto small = proxy.connect();
  wait_in_line(small, "small", 1, 2);
  may_answer.set_value();
  for (auto* client : {&first, &large, &small}) CHECK(client->read().status == 200);
  REQUIRE(worker.requests().size() == 3);
  const auto seen = worker.requests()[1];
  CHECK(has(seen, "GET /large" + std::string(2000, 'x') + " HTTP/1.1\r\n"));
  CHECK(has(seen, "Host: large\r\n"));
  CHECK(has(seen, "X: " + std::string(2000, 'x') + "\r\n"));
  CHECK(proxy.connect().get("/" + std::string(100, 'x')).status == 414);
}

TEST_CASE("fifty reloads under load cost no request", "[lb]") {
  scripted_worker first(named("first"));
  scripted_worker second(named("second"));
  scripted_worker third(named("third"));
  const temp_dir folder;
  const auto write = [&](const std::string& workers, int queue) {
    return folder.write("lb.toml", "[lb]\nprobe-interval = \"50ms\"\nworker = [" + workers +
                                       "]\nqueue-max = " + std::to_string(queue) + "\n");
  };
  const auto quoted = [](const scripted_worker& w, const std::string& more = "") {
    return "\"" + w.address() + more + "\"";
  };
  const auto file = write(quoted(first), 10);
  const auto port = free_port();
  child_process lb(ATELIER_PROGRAM,
                   {"lb", "--config", file, "--listen", "127.0.0.1:" + std::to_string(port)});
  lb.wait_for("listening on");
  steady_load load(port, 8);
  for (int i = 1; i <= 50; ++i) {
    const auto& other = i % 2 == 0 ? second : third;
    write(quoted(first, i % 3 == 0 ? ",weight=2" : "") + ", " + quoted(other), i);
    const auto before = load.answers();
    lb.signal(SIGHUP);
    CHECK(wait_until(5s, [&] { return has(lb.errors(), "--queue-max=" + std::to_string(i) + " "); }));
    CHECK(wait_until(5s, [&] { return load.answers() > before + 20; }));
  }
  load.stop();
  INFO(load.complaints());
  CHECK(load.errors() == 0);
  CHECK(second.requests().size() > 50);
  CHECK(third.requests().size() > 50);
}
