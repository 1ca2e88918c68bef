// A running proxy reads its configuration again: no moment without a worker, and names that lead elsewhere.
#include "integration/lb_proxy_process.hpp"
#include "support/steady_load.hpp"
#include "support/temp_dir.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <future>
#include <thread>

using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

scripted_worker::script named(std::string name) {
  return answering([name = std::move(name)](const std::string&) { return answer_with(name); });
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

// A proxy with a file that says its workers.
class configured_proxy {
 public:
  // `hosts`: what it is to see in the place of /etc/hosts.
  explicit configured_proxy(const std::vector<std::string>& workers, const std::string& hosts = "")
      : proxy_(start(workers, hosts)) {
    proxy_.wait_for("listening on");
  }

  // Returns when that is done, and what was logged meanwhile.
  std::string reload(const std::vector<std::string>& workers) {
    const auto before = proxy_.errors().size();
    ask_to_reload(workers);
    wait_until(20s, [&] { return has(proxy_.errors().substr(before), "reloaded: "); });
    return proxy_.errors().substr(before);
  }
  void ask_to_reload(const std::vector<std::string>& workers) {
    write(workers);
    proxy_.signal(SIGHUP);
  }

  child_process& process() { return proxy_; }
  const temp_dir& folder() const { return folder_; }
  const std::uint16_t port = free_port();

 private:
  void write(const std::vector<std::string>& workers) const {
    std::string list;
    for (const auto& w : workers) list += (list.empty() ? "\"" : ", \"") + w + "\"";
    folder_.write("lb.toml",
                  "[lb]\nprobe-interval = \"50ms\"\nqueue-timeout = \"1m\"\nworker = [" + list + "]\n");
  }
  child_process start(const std::vector<std::string>& workers, const std::string& hosts) const {
    write(workers);
    std::vector<std::string> words{ATELIER_PROGRAM,       "lb",       "--config",
                                   folder_ / "lb.toml",   "--listen", "127.0.0.1:" + std::to_string(port),
                                   "--access-log",        "full",     "--access-log-file",
                                   folder_ / "access.log"};
    if (!hosts.empty()) {
      const auto namespaces = words_of_namespaces();
      words.insert(words.begin(), {"sh", "-c", R"(mount --bind "$0" /etc/hosts && exec "$@")", hosts});
      words.insert(words.begin(), namespaces.begin(), namespaces.end());
    }
    return child_process(words.front(), {words.begin() + 1, words.end()});
  }

  static std::vector<std::string> words_of_namespaces() {
    std::vector<std::string> words{"/usr/bin/unshare", "--mount"};
    if (geteuid() != 0) words.insert(words.end(), {"--user", "--map-root-user"});
    return words;
  }

  temp_dir folder_;
  child_process proxy_;

 public:
  static bool can_have_hosts() {
    auto words = words_of_namespaces();
    words.insert(words.end(), {"mount", "--bind", "/etc/hosts", "/etc/hosts"});
    const bool can = run_program(words.front(), {words.begin() + 1, words.end()}).code == 0;
    if (!can) WARN("skipped: there are no namespaces here");
    return can;
  }
};

}  // namespace

TEST_CASE("reloads that replace every worker cost no request", "[lb]") {
  scripted_worker first(named("first"));
  scripted_worker second(named("second"));
  configured_proxy proxy({first.address()});
  steady_load load(proxy.port, 8);
  for (int i = 0; i < 20; ++i) {
    proxy.reload({(i % 2 == 0 ? second : first).address()});
    const auto before = load.answers();
    CHECK(wait_until(5s, [&] { return load.answers() > before + 20; }));
  }
  load.stop();
  INFO(load.complaints());
  CHECK(load.errors() == 0);
  CHECK(second.requests().size() > 50);
}

TEST_CASE("a request that waits in line when every worker is replaced goes to one of the new ones", "[lb]") {
  std::promise<void> may_answer;
  scripted_worker first(answering([go = may_answer.get_future().share()](const std::string&) {
    go.wait_for(30s);
    return answer_with("first");
  }));
  scripted_worker second(named("second"));
  configured_proxy proxy({first.address() + ",max=1"});
  http_client busy(proxy.port);
  busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(wait_until(5s, [&] { return first.requests().size() == 1; }));
  auto waiting = std::async(std::launch::async, [&] { return fetch(proxy.port, "/"); });
  std::this_thread::sleep_for(100ms);
  proxy.reload({second.address()});
  CHECK(waiting.get().body == "second");
  may_answer.set_value();
  CHECK(busy.read().body == "first");
}

TEST_CASE(
    "workers stay where none of the configuration can take their place, and go with the next one that can",
    "[lb]") {
  scripted_worker first(named("first"));
  scripted_worker second(named("second"));
  configured_proxy proxy({first.address()});
  const auto said = proxy.reload({"no.such.host.invalid:1"});
  CHECK(has(said, "a worker of the configuration is left out: the name 'no.such.host.invalid'"));
  CHECK(has(said, "nobody could take their place"));
  CHECK(fetch(proxy.port, "/").body == "first");
  CHECK_FALSE(
      has(proxy.reload({"no.such.host.invalid:1", second.address()}), "nobody could take their place"));
  CHECK(fetch(proxy.port, "/").body == "second");
}

TEST_CASE("a reload follows a worker's name to another address, and uses no connection to the former one",
          "[lb]") {
  if (!configured_proxy::can_have_hosts()) return;
  scripted_worker first(named("first"));
  scripted_worker second(named("second"));
  const auto port = std::to_string(first.port());
  const temp_dir folder;
  const auto hosts = folder.write("hosts", "127.0.0.1 moving.test\n");
  configured_proxy proxy({"moving.test:" + port}, hosts);
  // Another worker at the same port of another address.
  child_process there(ATELIER_PROGRAM, {"lb", "--listen", "127.0.0.2:" + port, "--worker", second.address()});
  there.wait_for("listening on");
  CHECK(fetch(proxy.port, "/").body == "first");
  CHECK(has(proxy.reload({"moving.test:" + port}), "nothing differs"));
  CHECK(fetch(proxy.port, "/").body == "first");
  folder.write("hosts", "127.0.0.2 moving.test\n");
  CHECK(has(proxy.reload({"moving.test:" + port}), "has another address worker=moving.test:" + port));
  for (int i = 0; i < 10; ++i) CHECK(fetch(proxy.port, "/").body == "second");
  folder.write("hosts", "\n");
  CHECK(has(proxy.reload({"moving.test:" + port}), "a worker stays where it is: the name 'moving.test'"));
  CHECK(fetch(proxy.port, "/").body == "second");
}

TEST_CASE(
    "while a reload waits for a name, requests are served, another reload waits, and SIGTERM ends the proxy",
    "[lb]") {
  if (!configured_proxy::can_have_hosts()) return;
  const bool is_answered = GENERATE(true, false);
  scripted_worker first(named("first"));
  const temp_dir folder;
  const std::string hosts = folder / "hosts";
  REQUIRE(mkfifo(hosts.c_str(), 0600) == 0);  // who opens it waits until somebody writes
  configured_proxy proxy({first.address()}, hosts);
  const auto log = proxy.folder() / "access.log";
  std::filesystem::rename(log, proxy.folder() / "access.log.1");
  proxy.ask_to_reload({"slow.test:" + std::to_string(first.port())});
  REQUIRE(wait_until(10s, [&] { return std::filesystem::exists(log); }));  // it has begun to read
  CHECK(fetch(proxy.port, "/").body == "first");
  proxy.ask_to_reload({first.address() + ",weight=2"});
  CHECK(fetch(proxy.port, "/").body == "first");
  CHECK_FALSE(has(proxy.process().errors(), "reloaded: "));
  if (is_answered) {
    CHECK(wait_until(20s, [&] {
      close(open(hosts.c_str(), O_RDWR | O_CLOEXEC));  // there it ends: a pipe is no file of names
      return has(proxy.process().errors(), ",weight=2 (before: ");
    }));
    CHECK(has(proxy.process().errors(), "left out: the name 'slow.test' cannot be resolved"));
    CHECK(fetch(proxy.port, "/").body == "first");
  }
  proxy.process().signal(SIGTERM);
  CHECK(proxy.process().wait(10s).code == 0);
}
