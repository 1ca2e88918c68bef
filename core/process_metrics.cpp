#include "core/process_metrics.hpp"

#include "core/version.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

namespace atelier {
namespace {

// proc(5), /proc/PID/stat: fields 22 to 24, behind the name, which may hold blanks.
struct process_status {
  double start_ticks = 0;  // after boot
  double virtual_bytes = 0;
  double resident_pages = 0;
};

std::optional<process_status> own_status() {
  std::ifstream file("/proc/self/stat");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto name_end = text.rfind(')');
  if (name_end == text.npos) return std::nullopt;
  std::istringstream rest(text.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 22; ++field) rest >> skipped;
  process_status s;
  rest >> s.start_ticks >> s.virtual_bytes >> s.resident_pages;
  return rest ? std::optional(s) : std::nullopt;
}

double seconds_of(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// Seconds since 1970. The boot's time is what lies between the two clocks: /proc/stat says it too, but not
// where only processes are shown (ProcSubset=pid). Found once: a clock that is set later starts nothing anew,
// and an alert counts the changes.
double start_time(const process_status& own) {
  static const double booted = seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME);
  return booted + own.start_ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// Newer kernels say it as the folder's size (6.2); else each is counted, some 10 ms for 16,000 of them.
std::optional<double> open_files() {
  struct stat folder {};
  if (stat("/proc/self/fd", &folder) == 0 && folder.st_size > 0) return static_cast<double>(folder.st_size);
  std::error_code error;
  const auto files = std::filesystem::directory_iterator("/proc/self/fd", error);
  if (error) return std::nullopt;
  return static_cast<double>(std::distance(begin(files), end(files)) - 1);  // one is the look itself
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

void add_process(metrics_page& page, const std::string& role) {
  page.gauge("atelier_build_info", "Always 1; what runs here", 1, {{"version", version}, {"role", role}})
      .counter("process_cpu_seconds_total", "Time on a CPU, user and system", cpu_seconds());
  if (const auto own = own_status()) {
    page.gauge("process_resident_memory_bytes", "Memory in use",
               own->resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE)))
        .gauge("process_virtual_memory_bytes", "Address space in use", own->virtual_bytes)
        .gauge("process_start_time_seconds", "When the process was started, since 1970", start_time(*own));
  }
  if (const auto files = open_files()) page.gauge("process_open_fds", "Open file descriptors", *files);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
    page.gauge("process_max_fds", "The limit of open file descriptors (ulimit -n)",
               static_cast<double>(limit.rlim_cur));
}

}  // namespace atelier
