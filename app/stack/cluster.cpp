#include "app/stack/cluster.hpp"

#include "app/stack/descriptor.hpp"
#include "core/log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <fstream>

namespace atelier::stack {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto superuser = "atelier";

// The lines of postmaster.pid: process, data, start, port, socket, address, shared memory, status.
std::vector<std::string> note_of_server(const fs::path& data) {
  std::vector<std::string> lines;
  std::ifstream in(data / "postmaster.pid");
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The process of the note, if it is still a server and not another program that got its number.
std::optional<pid_t> former_server(const fs::path& data) {
  const auto note = note_of_server(data);
  if (note.empty()) return std::nullopt;
  const auto pid = static_cast<pid_t>(std::strtol(note.front().c_str(), nullptr, 10));
  // PostgreSQL works in its data folder; another server that got the number works in another.
  std::error_code gone;
  const auto works_in = fs::read_symlink(fmt::format("/proc/{}/cwd", pid), gone);
  return pid > 0 && !gone && fs::equivalent(works_in, data, gone) ? std::optional(pid) : std::nullopt;
}

std::string in_quotes(std::string_view value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + '\'';
}

}  // namespace

std::optional<int> version_of(const fs::path& data) {
  int major = 0;
  if (!(std::ifstream(data / "PG_VERSION") >> major)) return std::nullopt;
  return major;
}

result<> make_cluster(const cluster& c, stop_signal& stop) {
  const fs::path draft = c.data.string() + ".new";
  std::error_code error;
  fs::remove_all(draft, error);
  if (auto made = make_private_folder(draft, c.as); !made) return made;
  const descriptor log(open(c.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!log)
    return fail("'{}' cannot be written: {}; make room, or name another folder with --data", c.log.string(),
                std::strerror(errno));

  launch make;
  make.program = c.programs.folder / "initdb";
  make.arguments = {"--data-checksums",   "--encoding=UTF8",
                    "--locale=C.UTF-8",   fmt::format("--username={}", superuser),
                    "--no-instructions",  "--auth-local=trust",
                    "--auth-host=reject", "--pgdata=" + draft.string()};
  make.environment = environment_without({"ATELIER_", "PG", "LC_", "LANG"});
  make.as = c.as;
  make.folder = "/";
  make.output = make.errors = log.number();
  if (auto made = run_to_end(make, "making the PostgreSQL cluster", stop); !made) {
    fs::remove_all(draft, error);
    return is_asked_to_stop(made.error()) ? made.error()
                                          : fail("{}:{}", made.error().what, last_words(c.log));
  }
  if (rename(draft.c_str(), c.data.c_str()) != 0)
    return fail("'{}' cannot be moved to its place: {}; name another folder with --data", draft.string(),
                std::strerror(errno));
  return {};
}

launch server_of(const cluster& c, const std::vector<setting>& settings, int log) {
  launch run;
  run.program = c.programs.folder / "postgres";
  run.arguments = {"-D", c.data.string(), "-k", c.socket.string(), "-p", "5432"};
  for (const auto& [name, value] : settings) {
    run.arguments.push_back("-c");
    run.arguments.push_back(fmt::format("{}={}", name, value));
  }
  run.environment = environment_without({"ATELIER_", "PG"});
  run.as = c.as;
  run.folder = "/";
  run.output = run.errors = log;
  run.death_signal = SIGINT;  // to the server: end fast and orderly
  return run;
}

bool is_ready(const cluster& c) {
  const auto note = note_of_server(c.data);
  return note.size() >= 8 && note[7].starts_with("ready");
}

result<> await_former_server(const fs::path& data, stop_signal& stop) {
  const auto pid = former_server(data);
  if (!pid) return {};
  log::info("waiting for the PostgreSQL of an earlier start to end, pid={}", *pid);
  kill(*pid, SIGINT);
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (former_server(data) == pid) {
    if (stop.arrived() > 0) return asked_to_stop();
    if (std::chrono::steady_clock::now() > deadline)
      return fail("a PostgreSQL still runs on '{}' and does not end: end its process {}", data.string(),
                  *pid);
    poll(nullptr, 0, 50);
  }
  return {};
}

std::string last_words(const fs::path& log) {
  constexpr std::size_t lines_max = 6;
  std::deque<std::string> lines;
  std::ifstream in(log);
  for (std::string line; std::getline(in, line);) {
    if (line.find_first_not_of(' ') == std::string::npos) continue;
    lines.push_back(line);
    if (lines.size() > lines_max) lines.pop_front();
  }
  return lines.empty() ? " it said nothing" : fmt::format("\n  {}", fmt::join(lines, "\n  "));
}

std::string conninfo(const cluster& c, std::string_view database) {
  return fmt::format("host={} user={} dbname={}", in_quotes(c.socket.string()), superuser, database);
}

}  // namespace atelier::stack
