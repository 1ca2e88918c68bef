// A listening socket, and the loop that takes connections from it.
#pragma once

#include "core/address.hpp"
#include "core/async.hpp"

#include <functional>

namespace atelier {

struct listen_options {
  bool share_port = false;  // SO_REUSEPORT: several processes, the kernel spreads the connections
  int backlog = 4096;  // connections that the kernel holds until we take them; net.core.somaxconn caps it
};

/// Binds and listens. TCP_NODELAY is set here and inherited by every accepted socket (Linux, tcp(7)). A UNIX
/// socket is for its owner and its group; one that a dead process left behind is replaced.
/// Errors: a name that does not resolve, an address in use or not ours, a port that needs a privilege: a
/// sentence that says what to do.
result<tcp_acceptor> listen_on(asio::io_context& loop, const address& where,
                               const listen_options& options = {});

/// A UNIX socket for its owner alone, by the same type: nothing here asks its connections for a TCP address.
/// Replaces a file of that name at once, whoever listens there. Errors: a path that is too long or cannot be
/// written.
result<tcp_acceptor> listen_on_path(asio::io_context& loop, const std::string& path);

/// Removes the file of a UNIX socket that nobody will listen on any more; of another address nothing.
void remove_file_of(const address& where);

/// The address that a listener really has, for port 0.
std::string bound_address(const tcp_acceptor& acceptor);

/// Whether it is where one for this address would be; the port 0 is any.
bool is_bound_to(const tcp_acceptor& acceptor, const address& where);

/// Takes connections until the acceptor is closed. No more than `connections_max` are open at a time: beyond,
/// nothing is accepted and the kernel's backlog holds; whoever closes one calls connection_closed().
class accept_loop {
 public:
  using on_connection = std::function<void(tcp_socket)>;

  accept_loop(tcp_acceptor acceptor, std::size_t connections_max, on_connection take)
      : acceptor_(std::move(acceptor)),
        room_(acceptor_.get_executor()),
        connections_max_(connections_max),
        take_(std::move(take)) {}

  task<> run();
  void stop();

  void connection_closed();
  std::size_t open() const { return open_; }
  std::uint64_t accepted() const { return accepted_; }
  void set_connections_max(std::size_t most);
  const tcp_acceptor& acceptor() const { return acceptor_; }
  int descriptor() { return acceptor_.native_handle(); }

 private:
  enum class step { again, wait, pause };
  step accept_one();

  tcp_acceptor acceptor_;
  timer room_;  // cancelled when there is room again
  std::size_t connections_max_;
  on_connection take_;
  std::size_t open_ = 0;
  std::uint64_t accepted_ = 0;
};

}  // namespace atelier
