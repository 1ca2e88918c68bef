// A child process that cannot outlive us.
#pragma once

#include "core/result.hpp"

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

namespace atelier::stack {

/// Somebody whom a child may run as.
struct account {
  std::string name;
  uid_t user = 0;
  gid_t group = 0;
};

/// What to run and how.
struct launch {
  std::string program;                   // a path: nothing is looked up
  std::string name;                      // what the process list shows; empty: the program
  std::vector<std::string> arguments;    // after the program's own name
  std::vector<std::string> environment;  // NAME=value: all that it gets
  std::optional<account> as;             // another user, which only root may ask for; empty: ourselves
  std::string folder;                    // where it works; empty: where we do
  int output = 1;                        // its stdout
  int errors = 2;                        // its stderr
  int death_signal = SIGKILL;            // what the kernel sends it when the thread that started it ends
};

/// How a child ended.
struct ending {
  int code = 0;    // of exit(); 128 + signal where a signal ended it
  int signal = 0;  // 0: it exited by itself
};

/// "exited with code 1", "was killed by signal 9".
std::string to_string(const ending& e);

/// One child, leader of its own process group, so that a Ctrl-C at the terminal reaches us and not it. Its
/// stdin is empty. Lifetime: the destructor kills the group with SIGKILL and reaps the child. To be used by
/// one thread.
class child {
 public:
  /// Errors: no such program, no permission, no such user, out of processes; the sentence names the program.
  static result<child> start(const launch& what);

  child(child&& from) noexcept;
  child& operator=(child&& from) noexcept;
  ~child();

  pid_t pid() const { return pid_; }

  /// Becomes readable when the child has ended: for poll().
  int descriptor() const { return descriptor_; }

  /// Nothing happens once it has ended.
  void signal(int number) const;

  /// How it ended, or nothing while it runs.
  std::optional<ending> ended();

  /// The same, waiting at most that long.
  std::optional<ending> wait(std::chrono::milliseconds at_most);

 private:
  child(pid_t pid, int descriptor) : pid_(pid), descriptor_(descriptor) {}
  void end() noexcept;

  pid_t pid_ = -1;
  int descriptor_ = -1;
  std::optional<ending> ended_;
};

/// Our environment without the variables whose name begins with one of these.
std::vector<std::string> environment_without(const std::vector<std::string>& prefixes);

}  // namespace atelier::stack
