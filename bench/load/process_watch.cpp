#include "bench/load/process_watch.hpp"

#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace atelier::bench {
namespace {

struct stat_line {
  double cpu_ticks = 0;       // its own
  double children_ticks = 0;  // of children that it has waited for
  std::uint64_t resident_pages = 0;
  bool is_there = false;
};

stat_line read_stat(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  const auto name_end = text.rfind(')');  // a name may hold blanks and brackets
  stat_line out;
  if (name_end == text.npos) return out;
  unsigned long long user = 0, system = 0, resident = 0;
  long long children_user = 0, children_system = 0;
  out.is_there =
      std::sscanf(
          text.c_str() + name_end + 2,
          "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %lld %lld %*d %*d %*d %*d %*u %*u %llu",
          &user, &system, &children_user, &children_system, &resident) == 5;
  out.cpu_ticks = static_cast<double>(user + system);
  out.children_ticks = static_cast<double>(children_user + children_system);
  out.resident_pages = resident;
  return out;
}

void add_family(pid_t pid, process_usage& u) {
  const auto s = read_stat(pid);
  if (!s.is_there) return;
  static const double ticks_a_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  static const auto page_bytes = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  u.cpu_seconds += (s.cpu_ticks + s.children_ticks) / ticks_a_second;
  u.memory_bytes += s.resident_pages * page_bytes;
  ++u.processes;
  std::error_code error;
  for (const auto& thread :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", error)) {
    std::ifstream children(thread.path() / "children");
    for (pid_t child = 0; children >> child;) add_family(child, u);
  }
}

}  // namespace

result<watched_process> parse_watched(std::string_view text) {
  const auto sign = text.find('=');
  const auto digits = sign == text.npos ? text : text.substr(sign + 1);
  watched_process w{.name = std::string(sign == text.npos ? text : text.substr(0, sign))};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), w.pid);
  if (error != std::errc{} || end != digits.data() + digits.size() || w.pid <= 0)
    return fail_with(exit_code::wrong_usage, "'{}' is no process; write its PID, or NAME=PID", text);
  if (!read_stat(w.pid).is_there) return fail("there is no process {}; look for it with ps or pgrep", w.pid);
  if (sign == text.npos) {
    std::ifstream name("/proc/" + std::to_string(w.pid) + "/comm");
    std::string comm;
    if (std::getline(name, comm)) w.name = comm + ' ' + std::string(digits);
  }
  return w;
}

process_usage usage_of(pid_t pid) {
  process_usage u;
  add_family(pid, u);
  return u;
}

process_watch::process_watch(std::vector<watched_process> all) {
  for (auto& w : all) {
    const auto now = usage_of(w.pid);
    all_.push_back({std::move(w), now, now, {}, {}});
  }
}

void process_watch::begin() {
  for (auto& s : all_) s.first = s.last = usage_of(s.who.pid);
}

void process_watch::look(double at) {
  constexpr double too_soon = 0.2;  // seconds; CPU is counted in hundredths
  const double passed = at - looked_at_;
  if (passed < too_soon) return;
  for (auto& s : all_) {
    const auto now = usage_of(s.who.pid);
    if (now.processes == 0 && !s.gone_at) s.gone_at = at;
    if (s.gone_at) continue;  // whoever has its number now is somebody else
    s.moments.push_back({at, (now.cpu_seconds - s.last.cpu_seconds) / passed,
                         static_cast<double>(now.memory_bytes) / (1 << 20)});
    s.last = now;
  }
  looked_at_ = at;
}

}  // namespace atelier::bench
