#include "core/open_files.hpp"

#include "core/log.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace atelier {

std::size_t raise_open_files_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return raised.rlim_cur;
  }
  return limit.rlim_cur;
}

std::size_t connections_that_fit(std::size_t wanted, std::size_t files_each) {
  constexpr std::size_t reserve = 128;  // listeners, the database, probes, logs
  const auto files = raise_open_files_limit();
  const auto fit = std::max<std::size_t>(1, (files - std::min(files, reserve)) / files_each);
  if (fit >= wanted) return wanted;
  log::info(
      "connections are bounded by the limit of open files (ulimit -n) open_files={} connections={} wanted={}",
      files, fit, wanted);
  return fit;
}

}  // namespace atelier
