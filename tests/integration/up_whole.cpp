// `atelier up` as a person uses it.
#include "app/stack/ports.hpp"
#include "integration/contract_sql.hpp"
#include "support/http_client.hpp"
#include "support/process.hpp"
#include "support/scripted_worker.hpp"
#include "support/temp_dir.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <optional>
#include <thread>

using namespace atelier;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr auto slow_start = 120s;  // initdb and a load, on a machine that does other things too

// A folder, two ports, and the command.
struct place {
  test::temp_dir folder;
  std::uint16_t port = test::free_port();
  std::uint16_t admin = test::free_port();

  std::vector<std::string> words(const std::vector<std::string>& more) const {
    std::vector<std::string> all{"up",
                                 "--data",
                                 (folder / "data").string(),
                                 "--listen",
                                 fmt::format("127.0.0.1:{}", port),
                                 "--admin",
                                 fmt::format("127.0.0.1:{}", admin)};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  test::child_process start(const std::vector<std::string>& more = {},
                            const std::vector<std::string>& environment = {}) const {
    return {ATELIER_PROGRAM, words(more), environment};
  }
  test::finished refused(const std::vector<std::string>& more) const {
    return test::run_program(ATELIER_PROGRAM, words(more), 30s);
  }
};

// The curl line comes when requests are answered.
void await_answers(test::child_process& up) { up.wait_for("curl 'http", slow_start); }

struct worker {
  pid_t process;
  address where;
  address admin;
};

std::vector<worker> workers_of(pid_t up) {
  std::vector<worker> found;
  for (const auto one : test::family_of(up)) {
    const auto words = test::words_of(one);
    if (words.size() > 5 && words[1] == "api")
      found.push_back({one, *parse_address(words[3]), *parse_address(words[5])});
  }
  return found;
}

bool all_gone(const std::vector<pid_t>& family) {
  for (const auto one : family)
    if (test::is_alive(one)) return false;
  return true;
}

// Stops it as Ctrl-C or kill would, and looks for what it left.
test::finished stop(test::child_process& up, int signal) {
  const auto family = test::family_of(up.pid());
  CHECK(family.size() > 5);
  up.signal(signal);
  auto done = up.wait(20s);
  CHECK(all_gone(family));
  return done;
}

// Reads a product from several connections until it is told to stop; counts what was not answered as it
// should.
class readers {
 public:
  explicit readers(std::uint16_t port) {
    for (int i = 0; i < 4; ++i) threads_.emplace_back([this, port] { read(port); });
  }
  ~readers() { end(); }
  void end() {
    stopped_ = true;
    for (auto& one : threads_)
      if (one.joinable()) one.join();
  }
  std::atomic<int> good = 0;
  std::atomic<int> bad = 0;

 private:
  void read(std::uint16_t port) {
    std::optional<test::http_client> client;
    while (!stopped_) {
      try {
        if (!client) client.emplace(port);
        ++(client->get("/reviews?product_id=1").status == 200 ? good : bad);
      } catch (const std::runtime_error&) {
        ++bad;
        client.reset();
      }
    }
  }
  std::atomic<bool> stopped_ = false;
  std::vector<std::thread> threads_;
};

// Holds a port unseen, and answers every request there from the moment on when it is told to.
class latecomer {
 public:
  explicit latecomer(std::uint16_t port) : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int yes = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const auto where = resolve({"127.0.0.1", port});
    REQUIRE(bind(listener_, where->data(), where->size()) == 0);
  }
  ~latecomer() {
    shutdown(listener_, SHUT_RDWR);  // wakes the server
    if (server_.joinable()) server_.join();
    close(listener_);
  }

  void come() {
    REQUIRE(listen(listener_, 16) == 0);
    server_ = std::thread([this] {
      for (int socket; (socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
        test::worker_connection connection(socket);
        if (!connection.read_request().empty()) connection.send(test::answer_with("not atelier"));
        close(socket);
      }
    });
  }

 private:
  int listener_;
  std::thread server_;
};

}  // namespace

TEST_CASE("up: one command answers through the proxy, survives a worker's death, and keeps its data",
          "[up]") {
  const place here;
  std::string review;
  {
    auto up = here.start({"--products", "40"},
                         {"ATELIER_API_LISTEN=127.0.0.1:1", "ATELIER_LB_QUEUE=nonsense", "PGHOST=nowhere"});
    await_answers(up);
    CHECK(up.output().find(fmt::format("http://127.0.0.1:{}", here.port)) != std::string::npos);
    CHECK(up.output().find(fmt::format("http://127.0.0.1:{}", here.admin)) != std::string::npos);
    CHECK(test::fetch(here.port, "/reviews?product_id=1").status == 200);
    CHECK(test::fetch(here.port, "/reviews/meta?product_id=1").status == 200);
    CHECK(test::fetch(here.port, "/qa/questions?product_id=1").status == 200);
    CHECK_FALSE(fs::exists(here.folder / "data" / "csv"));

    const auto posted = test::http_client(here.port).post(
        "/reviews",
        R"({"product_id":1,"rating":5,"summary":"kept","body":"This stays.","recommend":true,"name":"up","email":"up@example.org"})");
    REQUIRE(posted.status == 201);
    review = posted.header("Location").value_or("");
    CHECK(test::fetch(here.port, review).status == 200);

    // A worker is killed while requests run.
    const auto before = workers_of(up.pid());
    REQUIRE(before.size() == 3);
    readers all(here.port);
    REQUIRE(test::wait_until(10s, [&] { return all.good > 50; }));
    kill(before[1].process, SIGKILL);
    const auto is_back = [&] {
      const auto now = workers_of(up.pid());
      return now.size() == 3 && !test::is_alive(before[1].process) &&
             stack::status_of(before[1].where, "/ready", 1s) == 200;
    };
    CHECK(test::wait_until(10s, is_back));
    const int so_far = all.good;
    CHECK(test::wait_until(10s, [&] { return all.good > so_far + 50; }));
    all.end();
    CHECK(all.bad == 0);

    // Each worker's own figures can be read, also of the one that came in the dead one's place.
    const auto now = workers_of(up.pid());
    for (const auto& one : now) CHECK(stack::status_of(one.admin, "/metrics", 1s) == 200);
    CHECK(up.output().find("--unix-socket " + now[0].admin.path + " http://worker/metrics") !=
          std::string::npos);

    // A row that PostgreSQL refuses is not shown in its log either: it holds an address.
    const auto data = here.folder / "data";
    test::sql(fmt::format("host={} user=atelier dbname=atelier", (data / "socket").string()))
        .run("alter table atelier.questions add check (asker_name <> 'nobody') not valid");
    CHECK(test::http_client(here.port)
              .post("/qa/questions",
                    R"({"product_id":1,"body":"?","name":"nobody","email":"nobody@example.org"})")
              .status == 500);
    const auto log = test::read_file(data / "postgres.log");
    CHECK(log.find("violates check constraint") != std::string::npos);
    CHECK(log.find("nobody@example.org") == std::string::npos);

    const auto same_folder =
        test::run_program(ATELIER_PROGRAM, {"up", "--data", (here.folder / "data").string(), "--listen",
                                            "127.0.0.1:0", "--admin", "127.0.0.1:0"});
    CHECK(same_folder.code == 1);
    CHECK(same_folder.errors.find("another atelier up runs") != std::string::npos);

    CHECK(stop(up, SIGTERM).code == 0);
    CHECK_FALSE(test::is_listening(here.port));
    CHECK_FALSE(fs::exists(here.folder / "data" / "socket"));
  }
  SECTION("a second start keeps what was written, without being told what") {
    auto up = here.start();
    await_answers(up);
    CHECK(up.output().find("40 products") != std::string::npos);
    CHECK(test::fetch(here.port, review).status == 200);
    CHECK(stop(up, SIGINT).code == 0);
  }
  SECTION("other data are refused without --reset, and made with it") {
    const auto other = here.refused({"--products", "41"});
    CHECK(other.code == 1);
    CHECK(other.errors.find("--reset") != std::string::npos);
    const auto csv = here.refused({"--csv", here.folder.path().string()});
    CHECK(csv.code == 1);
    auto up = here.start({"--products", "20", "--reset", "--workers", "1"});
    await_answers(up);
    CHECK(test::fetch(here.port, review).status == 404);
    CHECK(workers_of(up.pid()).size() == 1);
    up.signal(SIGTERM);
    CHECK(up.wait(20s).code == 0);
  }
  SECTION("data of another PostgreSQL are refused") {
    std::ofstream(here.folder / "data" / "postgres" / "PG_VERSION") << "9\n";
    const auto refused = here.refused({});
    CHECK(refused.code == 1);
    CHECK(refused.errors.find("PostgreSQL 9") != std::string::npos);
  }
}

TEST_CASE("up: nothing survives a kill -9, and a load that was cut off is done again", "[up]") {
  const place here;
  std::vector<pid_t> family;
  {
    auto up = here.start({"--products", "5000"});
    up.wait_for("making and loading", slow_start);
    family = test::family_of(up.pid());
    up.signal(SIGKILL);
    up.wait();
    CHECK(test::wait_until(20s, [&] { return all_gone(family); }));
  }
  CHECK(test::read_file(here.folder / "data" / "atelier-up.toml").find("loaded = false") !=
        std::string::npos);
  {
    auto up = here.start({"--products", "30"});
    await_answers(up);
    family = test::family_of(up.pid());
    up.signal(SIGKILL);
    up.wait();
  }
  // At once again, while PostgreSQL still ends.
  auto up = here.start();
  await_answers(up);
  CHECK(all_gone(family));
  CHECK(stop(up, SIGTERM).code == 0);
}

TEST_CASE("up: Ctrl-C in the middle of the start ends it at once and leaves nothing", "[up]") {
  const place here;
  auto up = here.start({"--products", "20000"});
  up.wait_for("making and loading", slow_start);
  const auto family = test::family_of(up.pid());
  up.signal(SIGINT);
  CHECK(up.wait(20s).code == 0);
  CHECK(all_gone(family));
  CHECK_FALSE(fs::exists(here.folder / "data" / "csv"));
}

TEST_CASE("up: who takes the proxy's address during the start is not taken for it", "[up]") {
  const place here;
  latecomer other(here.port);
  auto up = here.start({"--products", "5000"});
  up.wait_for("making and loading", slow_start);
  other.come();
  REQUIRE(test::fetch(here.port, "/reviews?product_id=1").status == 200);
  const auto done = up.wait(slow_start);
  INFO(done.errors);
  CHECK(done.code == 1);
  CHECK(done.output.find("atelier is up") == std::string::npos);
  CHECK(done.errors.find(fmt::format("the address 127.0.0.1:{} is in use", here.port)) != std::string::npos);
}

TEST_CASE("up: what cannot work is refused at once, in a sentence", "[up]") {
  const place here;
  const auto says = [&](const std::vector<std::string>& words, const std::string& sentence) {
    const auto done = test::run_program(ATELIER_PROGRAM, words, 10s);
    INFO(done.errors);
    CHECK(done.code == 1);
    CHECK(done.errors.find(sentence) != std::string::npos);
    CHECK_FALSE(fs::exists(here.folder / "data" / "postgres"));
  };
  SECTION("a busy port") {
    const int busy = socket(AF_INET, SOCK_STREAM, 0);
    listen(busy, 1);  // at a port of the kernel's choice, on every address
    sockaddr_storage where{};
    socklen_t size = sizeof where;
    getsockname(busy, reinterpret_cast<sockaddr*>(&where), &size);
    std::uint16_t port = 0;
    std::copy_n(reinterpret_cast<const unsigned char*>(&where) + 2, 2,
                reinterpret_cast<unsigned char*>(&port));
    port = static_cast<std::uint16_t>(port << 8 | port >> 8);
    says({"up", "--data", (here.folder / "data").string(), "--listen", fmt::format("127.0.0.1:{}", port),
          "--admin", "127.0.0.1:0"},
         "is in use");
    close(busy);
  }
  SECTION("one port for both") {
    const auto one = fmt::format("127.0.0.1:{}", here.port);
    says({"up", "--data", (here.folder / "data").string(), "--listen", one, "--admin", one},
         "different ports");
  }
  SECTION("no such CSV files") {
    says(here.words({"--csv", (here.folder / "absent").string()}), "there is no folder");
  }
  SECTION("a folder that cannot be") {
    here.folder.write("file", "");
    says({"up", "--data", (here.folder / "file" / "data").string(), "--listen", "127.0.0.1:0", "--admin",
          "127.0.0.1:0"},
         "file");
  }
  SECTION("a folder of somebody else's") {
    here.folder.write("other/postgres/precious", "");
    const auto done =
        test::run_program(ATELIER_PROGRAM, {"up", "--reset", "--data", (here.folder / "other").string(),
                                            "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"});
    CHECK(done.code == 1);
    CHECK(fs::exists(here.folder / "other" / "postgres" / "precious"));
  }
  SECTION("too many products for the disk") { says(here.words({"--products", "100000000"}), "too full"); }
}

TEST_CASE("up: a path too long for a socket works, and its runtime folder is gone afterwards", "[up]") {
  const place here;
  const auto deep = here.folder / std::string(90, 'd') / "data";
  fs::create_directories(deep.parent_path());
  test::child_process up(ATELIER_PROGRAM,
                         {"up", "--data", deep.string(), "--products", "10", "--workers", "1", "--listen",
                          fmt::format("127.0.0.1:{}", here.port), "--admin", "127.0.0.1:0"});
  await_answers(up);
  CHECK(test::fetch(here.port, "/reviews?product_id=1").status == 200);
  const auto runtime = fs::read_symlink(deep / "socket");
  CHECK(fs::exists(runtime));
  up.signal(SIGTERM);
  CHECK(up.wait(20s).code == 0);
  CHECK_FALSE(fs::exists(runtime));
}
