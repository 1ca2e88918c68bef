// Where the proxy listens: sockets that the process before it or systemd hands over, and new ones.
#pragma once

#include "core/listener.hpp"
#include "lb/takeover.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::lb {

class listening_sockets {
 public:
  explicit listening_sockets(asio::io_context& loop) : loop_(loop) {}
  ~listening_sockets() { close_unused(); }

  /// Takes those of the process that runs with this --control; to be called where it is to be taken over.
  /// Where nobody runs, nothing. Errors: those of takeover::from.
  result<> take_over(const std::string& control);

  /// Takes those of systemd: the one named "admin" is for operators, the first other one for clients.
  void inherit();

  /// There is a process before us, which has not been told to end.
  bool takes_over() const { return former_ != nullptr; }

  /// The one of this name that was handed over, or else a new one at `where`. One of systemd's is wherever
  /// its unit says; one of the process before us must be where we are to listen, else it is left behind.
  result<tcp_acceptor> listener(std::string_view name, const address& where,
                                const listen_options& options = {});

  /// Closes what nobody wanted.
  void close_unused();

  /// Whether the file of a UNIX socket goes when we do: not before it is ours, and systemd keeps its own.
  bool owns(std::string_view name) const;

  /// We serve. The process before us ends, and what it alone listened on goes with it.
  void say_ready();

 private:
  void leave_behind(const tcp_acceptor& one);

  asio::io_context& loop_;
  std::unique_ptr<takeover> former_;
  std::vector<inherited_socket> handed_;
  std::vector<std::string> of_systemd_;
  std::vector<address> left_behind_;
};

}  // namespace atelier::lb
