#include "lb/outgoing.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace atelier::lb {

namespace {

// One part needs no list of parts, which the kernel would have to fetch.
ssize_t send_parts(int socket, iovec first, iovec second) {
  if (second.iov_len == 0) return ::send(socket, first.iov_base, first.iov_len, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (first.iov_len == 0) return ::send(socket, second.iov_base, second.iov_len, MSG_DONTWAIT | MSG_NOSIGNAL);
  iovec parts[2] = {first, second};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  return ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace

// Whoever appends before all has been sent, time and again, would else never see the text end: a slow
// client's would grow to the length of its answer. No more bytes are moved than were sent.
void outgoing::forget_sent() {
  if (sent < text_bytes()) return;
  text.erase(0, sent);
  sent = 0;
}

sending outgoing::send(int socket, const char* place, std::size_t& run_sent, std::uint64_t& bytes_counter) {
  run_sent = 0;
  while (!empty()) {
    const auto n = send_parts(socket, {text.data() + sent, text.size() - sent},
                              {const_cast<char*>(place + run_sent), run});
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) return sending::broken;
      forget_sent();
      return sending::blocked;
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
