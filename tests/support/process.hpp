// Programs under test, and ports for them.
#pragma once

#include "app/stack/child.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace atelier::test {

struct finished {
  int code = 0;  // 128 + signal where a signal ended it
  std::string output;
  std::string errors;
};

/// A running program whose stdout and stderr are kept in files. Killed with its group by the destructor, and
/// by the kernel when the thread that started it ends: start it from the test's own thread.
class child_process {
 public:
  /// `environment` is laid over ours, which loses all ATELIER_… and PG… variables. Throws if it cannot be
  /// started.
  child_process(const std::string& program, const std::vector<std::string>& arguments,
                const std::vector<std::string>& environment = {}, const std::string& folder = {});
  ~child_process();
  child_process(child_process&&) noexcept;
  child_process& operator=(child_process&&) noexcept;

  pid_t pid() const;
  bool running();
  void signal(int number);

  /// What it wrote so far.
  std::string output() const;
  std::string errors() const;

  /// Waits for its end; throws with what it wrote if the time is over before.
  finished wait(std::chrono::milliseconds at_most = std::chrono::seconds(60));

  /// Waits until it has written the text to stdout or stderr; throws with what it wrote if it ends or the
  /// time is over before.
  void wait_for(std::string_view text, std::chrono::milliseconds at_most = std::chrono::seconds(30));

 private:
  struct state;
  std::unique_ptr<state> state_;
};

/// Runs it to its end.
finished run_program(const std::string& program, const std::vector<std::string>& arguments,
                     std::chrono::milliseconds at_most = std::chrono::seconds(60),
                     const std::vector<std::string>& environment = {});

/// The process, its children and theirs, that run now.
std::vector<pid_t> family_of(pid_t first);

/// What it was started with, program first; nothing for a process that is gone.
std::vector<std::string> words_of(pid_t process);

/// True until it has ended, also when nobody has asked how.
bool is_alive(pid_t process);

/// A port of 127.0.0.1 that nobody listens on now and that the next calls do not return again.
std::uint16_t free_port();

/// True if something accepts connections there.
bool is_listening(std::uint16_t port);

}  // namespace atelier::test
