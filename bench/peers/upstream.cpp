// The fastest upstream that a proxy can have: one answer, made once, for every request that it counts. One
// thread; the same for atelier lb, nginx and HAProxy, so that what differs is theirs.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct peer {
  unsigned matched = 0;  // bytes of "\r\n\r\n" seen at the end of what was read
  std::string unsent;
};

std::string make_answer(std::size_t body_bytes) {
  std::string body = "{\"product\":\"1\",\"results\":[";
  while (body.size() + 3 < body_bytes) body += static_cast<char>('0' + body.size() % 10);
  body += "]}";
  body.resize(body_bytes, ' ');
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nETag: "
         "\"0123456789abcdef\"\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Requests whose heads end in these bytes. Bodies are not looked for: only GETs are sent.
unsigned heads_in(peer& p, std::string_view bytes) {
  static constexpr std::string_view end = "\r\n\r\n";
  unsigned heads = 0;
  for (const char c : bytes) {
    p.matched = c == end[p.matched] ? p.matched + 1 : (c == '\r' ? 1 : 0);
    if (p.matched == end.size()) {
      ++heads;
      p.matched = 0;
    }
  }
  return heads;
}

// False when the connection is over.
bool send_some(int socket, peer& p, int epoll) {
  while (!p.unsent.empty()) {
    const auto n = ::send(socket, p.unsent.data(), p.unsent.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) break;
    if (n < 0) return false;
    p.unsent.erase(0, static_cast<std::size_t>(n));
  }
  epoll_event e{.events = p.unsent.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT, .data = {.fd = socket}};
  return epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &e) == 0;
}

bool serve(int socket, peer& p, std::uint32_t events, const std::string& answer, int epoll) {
  static char buffer[64 * 1024];
  if (events & EPOLLOUT) return send_some(socket, p, epoll);
  const auto n = ::recv(socket, buffer, sizeof buffer, 0);
  if (n <= 0) return n < 0 && errno == EAGAIN;
  const auto heads = heads_in(p, {buffer, static_cast<std::size_t>(n)});
  if (heads == 0) return true;
  if (heads == 1 && p.unsent.empty()) {
    const auto sent = ::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(answer.size())) return true;
    if (sent < 0 && errno != EAGAIN) return false;
    p.unsent.assign(answer, sent < 0 ? 0 : static_cast<std::size_t>(sent));
    return send_some(socket, p, epoll);
  }
  for (unsigned i = 0; i < heads; ++i) p.unsent += answer;
  return send_some(socket, p, epoll);
}

int listen_on(std::uint16_t port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const void* raw = &address;
  if (bind(listener, static_cast<const sockaddr*>(raw), sizeof address) != 0 || listen(listener, 4096) != 0)
    return -1;
  return listener;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: bench-upstream PORT BYTES: answers every GET on 127.0.0.1:PORT with a body of BYTES\n",
               stderr);
    return 2;
  }
  const int listener = listen_on(static_cast<std::uint16_t>(std::atoi(argv[1])));
  if (listener < 0) return std::perror("bench-upstream"), 1;
  const auto answer = make_answer(static_cast<std::size_t>(std::atol(argv[2])));
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  epoll_event e{.events = EPOLLIN, .data = {.fd = listener}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e);
  std::vector<peer> peers;
  for (;;) {
    epoll_event events[512];
    const int n = epoll_wait(epoll, events, 512, -1);
    for (int i = 0; i < n; ++i) {
      const int socket = events[i].data.fd;
      if (socket != listener) {
        if (!serve(socket, peers[static_cast<std::size_t>(socket)], events[i].events, answer, epoll))
          ::close(socket);
        continue;
      }
      for (int fresh; (fresh = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        const int on = 1;
        setsockopt(fresh, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (peers.size() <= static_cast<std::size_t>(fresh))
          peers.resize(static_cast<std::size_t>(fresh) + 1);
        peers[static_cast<std::size_t>(fresh)] = {};
        epoll_event more{.events = EPOLLIN, .data = {.fd = fresh}};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fresh, &more);
      }
    }
  }
}
