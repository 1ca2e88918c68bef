// Ctrl-C and SIGTERM as something to wait for.
#pragma once

#include "app/stack/child.hpp"
#include "core/signals.hpp"

namespace atelier::stack {

/// Counts SIGINT, SIGTERM and SIGHUP, for code that polls.
class stop_signal {
 public:
  /// Readable when one has arrived that was not counted yet: for poll().
  int descriptor() const { return inbox_.descriptor(); }

  /// How many have arrived so far: the first asks for an orderly end, the second for a quick one.
  int arrived();

 private:
  signal_inbox inbox_{SIGINT, SIGTERM, SIGHUP};
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
