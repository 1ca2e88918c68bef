// What was freed goes back to the system.
#pragma once

#include "core/async.hpp"

namespace atelier::app {

/// Keeps the heap of a worker as large as what lives in it. Large blocks go back as they are freed; the many
/// small ones of a large result leave gaps between what lives on, and those go back once a second.
class spare_memory {
 public:
  explicit spare_memory(asio::io_context& loop);

  /// Runs until stop().
  task<> run();
  void stop();

 private:
  timer pause_;
  bool stopped_ = false;
};

}  // namespace atelier::app
