#include "app/stack/child.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace atelier::stack {
namespace {

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> all;
  all.reserve(words.size() + 1);
  for (const auto& word : words) all.push_back(const_cast<char*>(word.c_str()));
  all.push_back(nullptr);
  return all;
}

// Between fork and exec only what is safe in a copy of a program with threads. Returns only when something
// failed; errno says what.
void become(const launch& what, pid_t parent, char* const* arguments, char* const* environment) {
  setpgid(0, 0);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGQUIT}) ::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);

  const int nothing = open("/dev/null", O_RDONLY);
  if (nothing < 0 || dup2(nothing, 0) < 0) return;
  // Both may be 1 or 2, the wrong way round too: copies first.
  const int output = fcntl(what.output, F_DUPFD_CLOEXEC, 3);
  const int errors = fcntl(what.errors, F_DUPFD_CLOEXEC, 3);
  if (output < 0 || errors < 0 || dup2(output, 1) < 0 || dup2(errors, 2) < 0) return;
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);

  if (what.as && (setgroups(0, nullptr) != 0 || setgid(what.as->group) != 0 || setuid(what.as->user) != 0))
    return;
  if (!what.folder.empty() && chdir(what.folder.c_str()) != 0) return;
  // After the change of user, which would clear it; and the parent may have ended before it was set.
  if (prctl(PR_SET_PDEATHSIG, what.death_signal) != 0) return;
  if (getppid() != parent) _exit(1);
  execve(what.program.c_str(), arguments, environment);
}

ending ending_of(int status) {
  if (WIFSIGNALED(status)) return {128 + WTERMSIG(status), WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

}  // namespace

std::string to_string(const ending& e) {
  return e.signal ? fmt::format("was killed by signal {}", e.signal)
                  : fmt::format("exited with code {}", e.code);
}

result<child> child::start(const launch& what) {
  std::vector<std::string> words{what.name.empty() ? what.program : what.name};
  words.insert(words.end(), what.arguments.begin(), what.arguments.end());
  const auto arguments = pointers_to(words);
  const auto environment = pointers_to(what.environment);
  std::array<int, 2> report{};  // carries errno of a failed start; closed by a successful exec
  if (pipe2(report.data(), O_CLOEXEC) != 0)
    return fail("'{}' cannot be started: {}; check that it is installed and that this user may run it",
                what.program, std::strerror(errno));

  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    become(what, parent, arguments.data(), environment.data());
    const int reason = errno;
    (void)!write(report[1], &reason, sizeof reason);
    _exit(127);
  }
  const int fork_error = errno;
  close(report[1]);
  int reason = 0;
  ssize_t got = 0;
  while (pid > 0 && (got = read(report[0], &reason, sizeof reason)) < 0 && errno == EINTR) {
  }
  close(report[0]);
  if (pid < 0)
    return fail("'{}' cannot be started: {}; check that it is installed and that this user may run it",
                what.program, std::strerror(fork_error));
  if (got == sizeof reason) {
    waitpid(pid, nullptr, 0);
    return fail("'{}' cannot be started{}: {}; check that it is installed and that this user may run it",
                what.program, what.as ? " as the user " + what.as->name : "", std::strerror(reason));
  }
  return child(
      pid, static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));  // glibc 2.36 declares its wrapper for C alone
}

child::child(child&& from) noexcept
    : pid_(std::exchange(from.pid_, -1)),
      descriptor_(std::exchange(from.descriptor_, -1)),
      ended_(from.ended_) {}

child& child::operator=(child&& from) noexcept {
  if (this == &from) return *this;
  end();
  pid_ = std::exchange(from.pid_, -1);
  descriptor_ = std::exchange(from.descriptor_, -1);
  ended_ = from.ended_;
  return *this;
}

child::~child() { end(); }

void child::end() noexcept {
  if (pid_ > 0 && !ended_) {
    kill(-pid_, SIGKILL);
    kill(pid_, SIGKILL);  // where it died before it had a group
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (descriptor_ >= 0) close(descriptor_);
  pid_ = descriptor_ = -1;
}

void child::signal(int number) const {
  if (pid_ > 0 && !ended_) kill(pid_, number);
}

std::optional<ending> child::ended() {
  int status = 0;
  if (pid_ > 0 && !ended_ && waitpid(pid_, &status, WNOHANG) == pid_) ended_ = ending_of(status);
  return ended_;
}

std::optional<ending> child::wait(std::chrono::milliseconds at_most) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  while (!ended()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    pollfd end{descriptor_, POLLIN, 0};
    poll(&end, 1, static_cast<int>(left.count()));
  }
  return ended_;
}

std::vector<std::string> environment_without(const std::vector<std::string>& prefixes) {
  std::vector<std::string> kept;
  for (char** variable = environ; *variable; ++variable) {
    const std::string_view text = *variable;
    bool dropped = false;
    for (const auto& prefix : prefixes) dropped |= text.starts_with(prefix);
    if (!dropped) kept.emplace_back(text);
  }
  return kept;
}

}  // namespace atelier::stack
