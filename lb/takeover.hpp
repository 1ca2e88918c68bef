// A second start takes the listening sockets from the one that runs: no moment without a listener, so not one
// connection is refused.
//
// The old process listens on SOCKET.takeover, private to its user. The new one connects and gets the
// descriptors (SCM_RIGHTS), serves, and says "ready"; only then does the old one stop accepting and drain.
// Both accept in between, from one queue of the kernel. A new one that fails before it is ready costs
// nothing.
#pragma once

#include "core/async.hpp"
#include "core/inherited.hpp"
#include "core/result.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace atelier::lb {

std::string takeover_path(const std::string& control);

/// The side of the new process. Blocking, for the start.
class takeover {
 public:
  ~takeover();

  /// Null where nobody is there to take from. Errors: somebody is, and does not say what we expect within
  /// seconds.
  static result<std::unique_ptr<takeover>> from(const std::string& control);

  std::vector<inherited_socket> sockets;

  /// Tells the old process to stop accepting and to drain.
  void say_ready();

 private:
  explicit takeover(int connection) : connection_(connection) {}
  int connection_;
};

/// The side of the old process: gives `sockets` to whoever connects to `listener` (from listen_on_path), as
/// often as it takes until one says that it is ready; then calls `taken_over` and ends. Closing the listener
/// ends it too.
task<> give_to_successor(tcp_acceptor& listener, std::vector<inherited_socket> sockets,
                         std::function<void()> taken_over);

}  // namespace atelier::lb
