// Ctrl-C and SIGTERM as something to wait for.
#pragma once

#include "app/stack/child.hpp"
#include "app/stack/descriptor.hpp"

namespace atelier::stack {

/// As long as it lives, SIGINT, SIGTERM and SIGHUP end nothing by themselves in this process. One object a
/// process.
class stop_signal {
 public:
  stop_signal();
  ~stop_signal();
  stop_signal(const stop_signal&) = delete;
  stop_signal& operator=(const stop_signal&) = delete;

  /// Readable when one has arrived that was not counted yet: for poll().
  int descriptor() const { return signals_.number(); }

  /// How many have arrived so far: the first asks for an orderly end, the second for a quick one.
  int arrived();

 private:
  sigset_t before_{};
  stack::descriptor signals_;
  int arrived_ = 0;
};

/// The failure that stands for "somebody asked us to stop": nothing went wrong.
failure asked_to_stop();
bool is_asked_to_stop(const failure& f);

/// Runs a program to its end, or kills it when we are asked to stop.
/// Errors: cannot be started; ended with a code other than 0 (`doing` begins the sentence: "loading …");
/// asked to stop.
result<> run_to_end(const launch& what, std::string_view doing, stop_signal& stop);

}  // namespace atelier::stack
