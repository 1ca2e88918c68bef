#include "core/access_log.hpp"

#include "support/temp_dir.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <thread>

using namespace atelier;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::system_clock::time_point noon{1596080481467ms};

access_entry entry() {
  static constexpr access_entry::phase phases[] = {{"queue", 12us}, {"connect"}, {"total", 1234567ns}};
  static constexpr access_entry::word more[] = {{"worker", "127.0.0.1:3000"}};
  return {.request_id = "r1",
          .trace_id = "",
          .client = "192.0.2.1",
          .method = "GET",
          .path = "/reviews",
          .status = 200,
          .ended = "done",
          .received_bytes = 100,
          .sent_bytes = 2000,
          .phases = phases,
          .more = more};
}

std::string line_of(const access_entry& e, access_log_options::format as = access_log_options::format::text) {
  std::string out;
  append_access_line(out, e, as, noon);
  return out;
}

}  // namespace

TEST_CASE("an access line says who asked what and how long each phase took, as text or as JSON") {
  CHECK(line_of(entry()) ==
        "time=2020-07-30T03:41:21.467Z request_id=r1 client=192.0.2.1 method=GET path=/reviews status=200 "
        "ended=done "
        "received_bytes=100 sent_bytes=2000 queue_ms=0.012 total_ms=1.234 worker=127.0.0.1:3000\n");
  CHECK(
      line_of(entry(), access_log_options::format::json) ==
      R"({"time":"2020-07-30T03:41:21.467Z","request_id":"r1","client":"192.0.2.1","method":"GET",)"
      R"("path":"/reviews","status":200,"ended":"done","received_bytes":100,"sent_bytes":2000,"queue_ms":0.012,)"
      R"("total_ms":1.234,"worker":"127.0.0.1:3000"})"
      "\n");
}

TEST_CASE("what looks like an e-mail address is not logged, and nothing can break a line") {
  auto e = entry();
  const auto path = [&](std::string_view text) {
    e.path = text;
    const auto line = line_of(e);
    const auto at = line.find("path=") + 5;
    return line.substr(at, line.find(" status=") - at);
  };
  CHECK(path("/a/me@example.org/b") == "/a/*/b");
  CHECK(path("/a/me%40example.org") == "/a/*");
  CHECK(path("me@example.org") == "*");
  CHECK(path("/a\nb\x7f") == "/a?b?");
  CHECK(path("/a b=\"\\") == R"("/a b=\"\\")");
  CHECK(path("/" + std::string(1000, 'x')) == "/" + std::string(511, 'x') + "...");
}

TEST_CASE("of a sample every request that went wrong is logged, and one of so many others") {
  const test::temp_dir folder;
  auto log = access_log::open({.how_much = access_log_options::detail::sampled,
                               .file = (folder.path() / "log").string(),
                               .sample = 10});
  REQUIRE(log);
  int wanted = 0;
  for (int i = 0; i < 1000; ++i) wanted += (*log)->wants(false);
  CHECK(wanted == 100);
  for (int i = 0; i < 5; ++i) CHECK((*log)->wants(true));
  const auto off = access_log::open({});
  REQUIRE(off);
  CHECK_FALSE((*off)->wants(true));
}

TEST_CASE("lines reach the file, and after a rename and reopening the new one") {
  const test::temp_dir folder;
  const auto file = folder.path() / "log";
  {
    auto log = access_log::open({.how_much = access_log_options::detail::full, .file = file.string()});
    REQUIRE(log);
    for (int i = 0; i < 3; ++i) (*log)->write(entry());
    std::this_thread::sleep_for(200ms);
    std::filesystem::rename(file, folder.path() / "old");
    REQUIRE((*log)->reopen());
    (*log)->write(entry());
    CHECK((*log)->lines() == 4);
    CHECK((*log)->dropped() == 0);
  }
  const auto old = test::read_file(folder.path() / "old");
  CHECK(std::count(old.begin(), old.end(), '\n') == 3);
  const auto fresh = test::read_file(file);
  CHECK(std::count(fresh.begin(), fresh.end(), '\n') == 1);
}

TEST_CASE("a full pipe stops nobody: what has no room is dropped and counted") {
  std::array<int, 2> ends{};
  REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
  std::uint64_t dropped = 0;
  constexpr int lines = 20'000;
  const auto start = std::chrono::steady_clock::now();
  std::string got;
  {
    auto log = access_log::open({.how_much = access_log_options::detail::full,
                                 .file = "/dev/fd/" + std::to_string(ends[1]),
                                 .buffer_bytes_max = 100'000});
    REQUIRE(log);
    for (int i = 0; i < lines; ++i) (*log)->write(entry());
    dropped = (*log)->dropped();
    CHECK(dropped > 10'000);
    close(ends[1]);
    std::thread reader([&] {
      std::array<char, 65536> block;
      for (ssize_t n; (n = read(ends[0], block.data(), block.size())) > 0;)
        got.append(block.data(), static_cast<std::size_t>(n));
    });
    log->reset();
    reader.join();
  }
  close(ends[0]);
  CHECK(std::chrono::steady_clock::now() - start < 10s);
  CHECK(static_cast<std::uint64_t>(std::count(got.begin(), got.end(), '\n')) == lines - dropped);
}

TEST_CASE("an access log that cannot be opened is an error that names it") {
  const auto log =
      access_log::open({.how_much = access_log_options::detail::full, .file = "/nowhere/at/all"});
  REQUIRE_FALSE(log);
  CHECK(log.error().what.find("/nowhere/at/all") != std::string::npos);
}
