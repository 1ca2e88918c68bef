#include "lb/outgoing.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace atelier::lb {

sending outgoing::send(int socket, const char* place, std::size_t& run_sent, std::uint64_t& bytes_counter) {
  run_sent = 0;
  while (!empty()) {
    iovec parts[2] = {{text.data() + sent, text.size() - sent}, {const_cast<char*>(place + run_sent), run}};
    msghdr message{};
    message.msg_iov = parts[0].iov_len > 0 ? parts : parts + 1;
    message.msg_iovlen = parts[0].iov_len > 0 && run > 0 ? 2 : 1;
    const auto n = ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN ? sending::blocked : sending::broken;
    }
    auto left = static_cast<std::size_t>(n);
    bytes_counter += left;
    const auto of_text = std::min(left, text.size() - sent);
    sent += of_text;
    left -= of_text;
    run -= left;
    run_sent += left;
  }
  text.clear();
  sent = 0;
  return sending::all;
}

}  // namespace atelier::lb
