#include "support/full_listener.hpp"

#include "support/scripted_worker.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

namespace atelier::test {
namespace {

// Of a line of no length one connection waits all the same (listen(2)).
int fill(int listener, sockaddr* where, socklen_t size) {
  const int waiting = ::socket(where->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(listener, where, size) != 0 || ::listen(listener, 0) != 0 ||
      ::getsockname(listener, where, &size) != 0 || ::connect(waiting, where, size) != 0)
    throw std::runtime_error("a full listener cannot listen");
  return waiting;
}

}  // namespace

full_listener::full_listener() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  waiting_ = fill(listener_, reinterpret_cast<sockaddr*>(&where), sizeof where);
  address_ = "127.0.0.1:" + std::to_string(ntohs(where.sin_port));
}

full_listener::full_listener(const std::string& path)
    : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), address_("unix:" + path) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  path.copy(where.sun_path, sizeof where.sun_path - 1);
  waiting_ = fill(listener_, reinterpret_cast<sockaddr*>(&where), sizeof where);
}

full_listener::~full_listener() {
  ::shutdown(listener_, SHUT_RDWR);  // wakes the server
  if (server_.joinable()) server_.join();
  ::close(waiting_);
  ::close(listener_);
}

void full_listener::begin_to_answer(std::string bytes) {
  ::shutdown(waiting_, SHUT_RDWR);
  server_ = std::thread([this, bytes = std::move(bytes)] {
    for (int socket; (socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      worker_connection connection(socket);
      if (!connection.read_request().empty()) connection.send(bytes);
      ::close(socket);
    }
  });
}

}  // namespace atelier::test
