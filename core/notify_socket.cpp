#include "core/notify_socket.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>

namespace atelier {
namespace {

constexpr timeval patience{1, 0};  // for a systemd that takes nothing: it must not hold our loop up

constexpr std::string_view variables[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};

std::string_view said(const char* variable) {
  const char* const value = std::getenv(variable);
  return value ? value : "";
}

std::optional<std::int64_t> number_in(const char* variable) {
  const auto text = said(variable);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number <= 0) return std::nullopt;
  return number;
}

// A path, or with an @ before it a name of the abstract kind. Negative: nobody is there.
int connect_to(std::string_view name) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  if (name.size() < 2 || name.size() >= sizeof where.sun_path || (name[0] != '/' && name[0] != '@'))
    return -1;
  name.copy(where.sun_path, name.size());
  if (name[0] == '@') where.sun_path[0] = '\0';
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  if (fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&where), size) == 0) return fd;
  if (fd >= 0) ::close(fd);
  return -1;
}

}  // namespace

notify_socket::notify_socket() : socket_(connect_to(said("NOTIFY_SOCKET"))) {
  const auto watched = number_in("WATCHDOG_PID");
  const auto silence_max = number_in("WATCHDOG_USEC");
  if (listens() && silence_max && watched.value_or(getpid()) == getpid())
    beat_ = std::chrono::microseconds(*silence_max / 2);  // as sd_watchdog_enabled(3) advises
  for (const auto variable : variables) unsetenv(variable.data());
}

notify_socket::~notify_socket() {
  if (listens()) ::close(socket_);
}

void notify_socket::say(std::string_view message) const {
  if (listens()) (void)!::send(socket_, message.data(), message.size(), MSG_NOSIGNAL);
}

void notify_socket::ready() { say("READY=1"); }

void notify_socket::reloading() {
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(clock::now().time_since_epoch());
  say(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.count()));
}

void notify_socket::stopping(std::chrono::milliseconds at_most) {
  const auto longest = std::chrono::duration_cast<std::chrono::microseconds>(at_most);
  say(fmt::format("STOPPING=1\nEXTEND_TIMEOUT_USEC={}", longest.count()));
}

void notify_socket::status(std::string_view line) {
  if (line == status_) return;
  status_ = line;
  say(fmt::format("STATUS={}", line));
}

void notify_socket::alive() { say("WATCHDOG=1"); }

task<> heartbeat::run() {
  while (to_.beat() && !stopped_) {
    to_.alive();
    timer_.expires_after(*to_.beat());
    co_await timer_.async_wait(no_throw);
  }
}

void heartbeat::stop() {
  stopped_ = true;
  timer_.cancel();
}

}  // namespace atelier
