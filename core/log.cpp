#include "core/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>

namespace atelier::log {
namespace {

spdlog::level::level_enum in_spdlog(level l) {
  switch (l) {
    case level::debug:
      return spdlog::level::debug;
    case level::info:
      return spdlog::level::info;
    case level::warning:
      return spdlog::level::warn;
    case level::error:
      break;
  }
  return spdlog::level::err;
}

std::shared_ptr<spdlog::logger>& logger() {
  static auto one =
      std::make_shared<spdlog::logger>("atelier", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  return one;
}

}  // namespace

void open(std::string_view role, level quietest) {
  logger() =
      std::make_shared<spdlog::logger>(std::string(role), std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger()->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %n: %v", spdlog::pattern_time_type::utc);
  logger()->set_level(in_spdlog(quietest));
  logger()->flush_on(spdlog::level::debug);
}

void write(level l, std::string_view line) { logger()->log(in_spdlog(l), "{}", line); }

}  // namespace atelier::log
