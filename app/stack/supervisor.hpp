// Keeps a set of children running until we are asked to stop.
#pragma once

#include "app/stack/back_off.hpp"
#include "app/stack/child.hpp"
#include "app/stack/stop_signal.hpp"

#include <functional>
#include <list>

namespace atelier::stack {

/// One that is started again whenever it ends.
struct member {
  std::string name;  // in our log
  launch how;
  int stop_with = SIGTERM;                                    // asks for an orderly end
  int hurry_with = SIGKILL;                                   // where that takes too long
  std::chrono::milliseconds grace = std::chrono::seconds(5);  // how long an orderly end may take
};

class supervisor {
 public:
  explicit supervisor(stop_signal& stop) : stop_(stop) {}
  ~supervisor() { stop_all(); }
  supervisor(const supervisor&) = delete;
  supervisor& operator=(const supervisor&) = delete;

  /// Starts them. Those of one call are stopped together, and before those of earlier calls. Errors: one
  /// cannot be started.
  result<> add(std::vector<member> members);

  /// Supervises until `is_reached` says so (asked several times a second), for the start.
  /// Errors: asked to stop; one has died three times; the time is over. `waiting_for` ends the sentence.
  result<> run_until(const std::function<bool()>& is_reached, std::chrono::milliseconds at_most,
                     std::string_view waiting_for);

  /// Supervises until we are asked to stop.
  void run();

  /// The last added first, each in its own orderly way; at once when we are asked a second time.
  void stop_all();

 private:
  using moment = std::chrono::steady_clock::time_point;

  struct running {
    member what;
    int stage = 0;
    std::optional<child> process;
    moment since;  // started, or with no process: when it may start again
    restart_plan plan;
  };

  void look_after(running& one);
  void wait_for_news(std::chrono::milliseconds at_most);
  void stop_stage(int stage);
  const running* hopeless() const;

  stop_signal& stop_;
  std::list<running> all_;
  int stages_ = 0;
};

}  // namespace atelier::stack
