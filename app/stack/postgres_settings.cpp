#include "app/stack/postgres_settings.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace atelier::stack {
namespace {

constexpr unsigned long long mb = 1ULL << 20;

std::string in_mb(unsigned long long bytes) { return fmt::format("{}MB", bytes / mb); }

}  // namespace

std::vector<setting> postgres_settings(unsigned long long memory, int workers) {
  return {
      {"listen_addresses", ""},  // the UNIX socket alone
      {"unix_socket_permissions", "0700"},
      {"max_connections", fmt::format("{}", 40 + workers * 16)},
      {"cluster_name", "atelier"},
      // Memory: the machine also runs the workers, and the kernel's cache holds what the server's does not.
      {"shared_buffers", in_mb(std::clamp(memory / 6, 64 * mb, 8192 * mb))},
      {"effective_cache_size", in_mb(memory / 2)},
      {"maintenance_work_mem", in_mb(std::clamp(memory / 24, 64 * mb, 1024 * mb))},
      {"work_mem", "8MB"},
      // Commits wait for the disk; checkpoints are rare and spread.
      {"synchronous_commit", "on"},
      {"max_wal_size", "4GB"},
      {"min_wal_size", "256MB"},
      {"checkpoint_timeout", "15min"},
      {"wal_compression", "lz4"},
      // Nobody replicates a private server. So a load, whose tables and indexes are new, writes them once: to
      // their files, which a commit waits for, and not to the log besides.
      {"wal_level", "minimal"},
      {"max_wal_senders", "0"},
      {"recovery_init_sync_method", "syncfs"},  // back in a moment after a crash, not after 1,500 fsyncs
      // Short queries on an SSD.
      {"random_page_cost", "1.1"},
      {"effective_io_concurrency", "100"},
      {"jit", "off"},
      // Nothing that is not a problem; the server writes its own file.
      {"log_min_messages", "warning"},
      {"log_checkpoints", "off"},
      {"log_autovacuum_min_duration", "-1"},
      {"logging_collector", "off"},
      {"log_line_prefix", "%m [%p] "},
      {"log_timezone", "UTC"},
      {"log_error_verbosity", "terse"},  // the detail of a refused row is the row: it holds an e-mail address
  };
}

unsigned long long memory_bytes() {
  auto bytes = static_cast<unsigned long long>(sysconf(_SC_PHYS_PAGES)) *
               static_cast<unsigned long long>(sysconf(_SC_PAGESIZE));
  unsigned long long limit = 0;
  if (std::ifstream("/sys/fs/cgroup/memory.max") >> limit) bytes = std::min(bytes, limit);
  return bytes;
}

}  // namespace atelier::stack
