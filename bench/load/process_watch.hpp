// CPU and memory of processes that somebody else runs.
#pragma once

#include "core/result.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::bench {

/// A process and its descendants, as one thing to watch.
struct watched_process {
  std::string name;
  pid_t pid = 0;
};

/// What they have used. CPU of descendants that have ended is in it once their parent has asked for their
/// end.
struct process_usage {
  double cpu_seconds = 0;          // user and system
  std::uint64_t memory_bytes = 0;  // resident, private and shared of each added up
  std::size_t processes = 0;       // 0: it is gone
};

/// "NAME=PID" or "PID". Errors: no such process.
result<watched_process> parse_watched(std::string_view text);

process_usage usage_of(pid_t pid);

/// One look at all watched processes, a second apart.
struct process_moment {
  double at = 0;      // seconds since the run began
  double cpu = 0;     // cores busy since the look before
  double memory = 0;  // MiB
};

class process_watch {
 public:
  explicit process_watch(std::vector<watched_process> all);

  /// What was used before counts no more.
  void begin();

  /// At that many seconds after the beginning.
  void look(double at);

  struct series {
    watched_process who;
    process_usage first, last;
    std::vector<process_moment> moments;
    std::optional<double> gone_at;  // seconds; it had ended by then
  };
  const std::vector<series>& all() const { return all_; }

 private:
  std::vector<series> all_;
  double looked_at_ = 0;
};

}  // namespace atelier::bench
