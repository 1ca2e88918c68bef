// What `atelier up` stands on: children that die with their parent, and their supervision.
#include "app/stack/supervisor.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <sstream>

using namespace atelier;
using namespace std::chrono_literals;

namespace {

stack::launch shell(const std::string& script) {
  stack::launch what;
  what.program = "/bin/sh";
  what.arguments = {"-c", script};
  what.environment = stack::environment_without({});
  return what;
}

std::vector<int> numbers_in(const std::filesystem::path& file) {
  std::vector<int> all;
  if (!std::filesystem::exists(file)) return all;
  std::istringstream in(test::read_file(file));
  for (int one = 0; in >> one;) all.push_back(one);
  return all;
}

}  // namespace

TEST_CASE("a child says how it ended, and one that cannot start says why", "[up]") {
  auto exits = stack::child::start(shell("exit 7"));
  REQUIRE(exits);
  CHECK(exits->wait(5s)->code == 7);
  auto dies = stack::child::start(shell("kill -9 $$"));
  REQUIRE(dies);
  CHECK(dies->wait(5s)->signal == 9);
  stack::launch absent;
  absent.program = "/no/such/program";
  const auto refused = stack::child::start(absent);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what.find("No such file") != std::string::npos);
}

TEST_CASE("a child that is forgotten is killed with its group", "[up]") {
  const test::temp_dir folder;
  {
    auto one = stack::child::start(
        shell(fmt::format("sleep 100 & echo $! >> {0}; echo $$ >> {0}; wait", (folder / "pids").string())));
    REQUIRE(one);
    REQUIRE(test::wait_until(5s, [&] { return numbers_in(folder / "pids").size() == 2; }));
  }
  for (const int pid : numbers_in(folder / "pids"))
    CHECK(test::wait_until(5s, [&] { return !test::is_alive(pid); }));
}

TEST_CASE("a member that is killed is back at once, and stopping ends it", "[up]") {
  const test::temp_dir folder;
  const auto pids = folder / "pids";
  stack::stop_signal stop;
  stack::supervisor all(stop);
  std::vector<stack::member> members;
  members.push_back({"sleeper", shell(fmt::format("echo $$ >> {}; exec sleep 100", pids.string()))});
  REQUIRE(all.add(std::move(members)));
  REQUIRE(all.run_until([&] { return numbers_in(pids).size() == 1; }, 5s, "the first"));
  kill(numbers_in(pids).front(), SIGKILL);
  REQUIRE(all.run_until([&] { return numbers_in(pids).size() == 2; }, 5s, "the second"));
  CHECK_FALSE(test::is_alive(numbers_in(pids)[0]));
  CHECK(test::is_alive(numbers_in(pids)[1]));
  all.stop_all();
  CHECK_FALSE(test::is_alive(numbers_in(pids)[1]));
}

TEST_CASE("a start is given up when a member ends again and again", "[up]") {
  stack::stop_signal stop;
  stack::supervisor all(stop);
  std::vector<stack::member> members;
  members.push_back({"failer", shell("exit 1")});
  REQUIRE(all.add(std::move(members)));
  const auto outcome = all.run_until([] { return false; }, 20s, "nothing");
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().what.find("failer") != std::string::npos);
}

TEST_CASE("one that does not stop when asked is ended", "[up]") {
  const test::temp_dir folder;
  stack::stop_signal stop;
  stack::supervisor all(stop);
  std::vector<stack::member> members;
  members.push_back({"deaf",
                     shell(fmt::format("trap '' TERM; echo $$ >> {}; while true; do sleep 0.1; done",
                                       (folder / "pids").string())),
                     SIGTERM, SIGKILL, 300ms});
  REQUIRE(all.add(std::move(members)));
  REQUIRE(all.run_until([&] { return numbers_in(folder / "pids").size() == 1; }, 5s, "its start"));
  const auto pid = numbers_in(folder / "pids").front();
  const auto started = std::chrono::steady_clock::now();
  all.stop_all();
  CHECK(std::chrono::steady_clock::now() - started < 5s);
  CHECK_FALSE(test::is_alive(pid));
}

TEST_CASE("a signal ends the supervision", "[up]") {
  stack::stop_signal stop;
  stack::supervisor all(stop);
  kill(getpid(), SIGTERM);
  const auto outcome = all.run_until([] { return false; }, 5s, "nothing");
  REQUIRE_FALSE(outcome);
  CHECK(stack::is_asked_to_stop(outcome.error()));
}
