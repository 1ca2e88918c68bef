// Listening sockets that somebody else opened: systemd (sd_listen_fds(3)), or a process that hands its own
// over.
#pragma once

#include "core/async.hpp"
#include "core/result.hpp"

#include <string>
#include <vector>

namespace atelier {

struct inherited_socket {
  int descriptor;
  std::string name;  // of LISTEN_FDNAMES; empty where none was given
};

/// What LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES say is for this process. Forgets the variables: children do
/// not inherit the sockets.
std::vector<inherited_socket> inherited_sockets();

/// Takes an open listening socket, of TCP or UNIX; the descriptor is ours from here on, and closed
/// in case of an error: it is none.
result<tcp_acceptor> adopt_listener(asio::io_context& loop, int descriptor);

}  // namespace atelier
