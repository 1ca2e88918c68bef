// A second start takes the listening sockets from the one that runs: no moment without a listener, so not one
// connection is refused.
//
// The old process listens on SOCKET.takeover, private to its user. The new one connects and gets every
// listening socket (SCM_RIGHTS), that of operators and SOCKET.takeover itself among them, so that no file is
// replaced, and a record of the workers. It asks its workers whether they are ready, and accepts nothing
// until then. Then it serves and says "ready", and only then does the old one stop accepting and drain. In
// between either may end: of a new one that does the old one takes no notice, and a new one that is left
// alone serves at once, from the same queues of the kernel.
#pragma once

#include "core/async.hpp"
#include "core/inherited.hpp"
#include "core/result.hpp"
#include "lb/carry_over.hpp"

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
  /// seconds; another process is at it.
  static result<std::unique_ptr<takeover>> from(const std::string& control);

  std::vector<inherited_socket> sockets;
  worker_record workers;

  /// The old process is gone, or is about to: it accepts nothing any more. Does not wait.
  bool is_alone() const;

  /// Tells the old process to stop accepting and to drain.
  void say_ready();

 private:
  explicit takeover(int connection) : connection_(connection) {}
  int connection_;
};

/// The side of the old process: gives its sockets to one process at a time until one says that it is ready.
class succession {
 public:
  /// `workers` is asked when somebody comes, `taken_over` is called when he is ready.
  succession(asio::io_context& loop, std::function<worker_record()> workers, std::function<void()> taken_over)
      : listener_(loop), successor_(loop), workers_(std::move(workers)), taken_over_(std::move(taken_over)) {}

  /// Where successors come.
  void listen(tcp_acceptor on) { listener_ = std::move(on); }
  int listener_descriptor() { return listener_.native_handle(); }

  /// Gives `sockets`, which stay open as long as we are not stopped.
  void start(std::vector<inherited_socket> sockets);

  /// A process has the sockets and is not ready yet.
  bool is_under_way() const { return successor_.is_open(); }

  /// Gives nothing any more. A process that has the sockets hears that it is alone.
  void stop();

 private:
  task<> receive_successors();
  task<> attend();
  void receive(int connection);

  tcp_acceptor listener_;
  tcp_socket successor_;
  std::vector<inherited_socket> sockets_;
  std::function<worker_record()> workers_;
  std::function<void()> taken_over_;
};

}  // namespace atelier::lb
