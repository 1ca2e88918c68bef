// Where the proxy listens: sockets that the process before it or systemd hands over, and new ones.
#pragma once

#include "core/listener.hpp"
#include "core/socket_file.hpp"
#include "lb/takeover.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::lb {

class listening_sockets {
 public:
  explicit listening_sockets(asio::io_context& loop) : loop_(loop) {}
  ~listening_sockets();

  /// Takes those of the process that runs with this --control; to be called where it is to be taken over.
  /// Where nobody runs, nothing. Errors: those of takeover::from.
  result<> take_over(const std::string& control);

  /// Takes those of systemd: the one named "admin" is for operators, the first other one for clients.
  void inherit();

  /// There is a process before us, and we do not serve yet.
  bool takes_over() const { return former_ != nullptr; }

  /// Its workers; none where there is nobody before us.
  worker_record workers_of_former() const { return former_ ? former_->workers : worker_record(); }

  /// It accepts nothing any more, although we have not said that we are ready.
  bool is_alone() const { return former_ && former_->is_alone(); }

  /// The one of this name that was handed over, or else a new one at `where`. One of systemd's is wherever
  /// its unit says; one of the process before us must be where we are to listen, else it is left behind.
  result<tcp_acceptor> listener(std::string_view name, const address& where,
                                const listen_options& options = {});

  /// The same for a UNIX socket of our user alone, whoever listens there.
  result<tcp_acceptor> private_listener(std::string_view name, const std::string& path);

  /// Closes what nobody wanted.
  void close_unused();

  /// We serve. The process before us ends, and what it alone listened on goes with it.
  void say_ready();

  /// Removes the file of a UNIX socket, if it is ours: what the process before us has is not before we serve,
  /// and what systemd gave never is.
  void remove_file(std::string_view name);

  /// Another process has the files from here on.
  void leave_files() { ours_.clear(); }

 private:
  struct named_file {
    std::string name;
    socket_file file;
  };

  // The handed one of this name, which is not among them any more; -1 where there is none.
  int take_handed(std::string_view name);
  void leave_behind(const tcp_acceptor& one);

  asio::io_context& loop_;
  std::unique_ptr<takeover> former_;
  std::vector<inherited_socket> handed_;
  std::vector<named_file> ours_;
  std::vector<named_file> of_former_;  // and ours when we serve
  std::vector<socket_file> left_behind_;
};

}  // namespace atelier::lb
