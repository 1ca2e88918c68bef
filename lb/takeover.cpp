#include "lb/takeover.hpp"

#include "core/log.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>

namespace atelier::lb {
namespace {

constexpr std::size_t sockets_max = 8;
constexpr timeval patience{10, 0};
constexpr std::string_view ready_word = "ready\n";

// The names, a line each, with the descriptors in the same order.
bool send_sockets(int connection, const std::vector<inherited_socket>& sockets) {
  std::string names;
  std::array<int, sockets_max> numbers{};
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    names += sockets[i].name + "\n";
    numbers[i] = sockets[i].descriptor;
  }
  const auto bytes = sockets.size() * sizeof(int);
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * sockets_max)> rights{};
  iovec text{names.data(), names.size()};
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = rights.data();
  message.msg_controllen = CMSG_SPACE(bytes);
  auto* const head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(bytes);
  std::memcpy(CMSG_DATA(head), numbers.data(), bytes);
  return sendmsg(connection, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(names.size());
}

std::vector<inherited_socket> receive_sockets(int connection) {
  std::array<char, 1024> names{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * sockets_max)> rights{};
  iovec text{names.data(), names.size()};
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = rights.data();
  message.msg_controllen = rights.size();
  const auto n = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
  std::vector<inherited_socket> all;
  const auto* const head = n > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (!head || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) return all;
  std::istringstream lines(std::string(names.data(), static_cast<std::size_t>(n)));
  const auto count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  for (std::size_t i = 0; i < count; ++i) {
    inherited_socket one{};
    std::memcpy(&one.descriptor, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
    std::getline(lines, one.name);
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

std::string takeover_path(const std::string& control) { return control + ".takeover"; }

takeover::~takeover() { close(connection_); }

result<std::unique_ptr<takeover>> takeover::from(const std::string& control) {
  const auto path = takeover_path(control);
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  if (path.size() >= sizeof where.sun_path)
    return fail_with(exit_code::wrong_usage, "the socket's path '{}' is too long: choose a shorter one",
                     path);
  path.copy(where.sun_path, sizeof where.sun_path - 1);
  std::unique_ptr<takeover> one(new takeover(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)));
  setsockopt(one->connection_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(one->connection_, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) return std::unique_ptr<takeover>();
    return fail(
        "cannot take over through '{}': {}; start as the user of the one that runs, or without --takeover",
        path, std::strerror(errno));
  }
  one->sockets = receive_sockets(one->connection_);
  if (one->sockets.empty())
    return fail("who listens on '{}' hands nothing over: give the --control of a running atelier lb", path);
  return one;
}

void takeover::say_ready() { (void)!::send(connection_, ready_word.data(), ready_word.size(), MSG_NOSIGNAL); }

task<> give_to_successor(tcp_acceptor& listener, std::vector<inherited_socket> sockets,
                         std::function<void()> taken_over) {
  while (listener.is_open()) {
    co_await listener.async_wait(tcp_acceptor::wait_read, no_throw);
    if (!listener.is_open()) co_return;
    const int fd = ::accept4(listener.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) continue;
    tcp_socket successor(listener.get_executor());
    error_code error;
    successor.assign(asio::ip::tcp::v4(), fd, error);
    if (error) {
      ::close(fd);
      continue;
    }
    log::info("another process asks for the listening sockets");
    if (!send_sockets(fd, sockets)) continue;
    co_await successor.async_wait(tcp_socket::wait_read, no_throw);
    std::array<char, ready_word.size()> word{};
    const auto n = ::recv(fd, word.data(), word.size(), MSG_DONTWAIT);
    if (n == static_cast<ssize_t>(word.size()) && std::string_view(word.data(), word.size()) == ready_word) {
      taken_over();
      co_return;
    }
    log::warning("the other process ended before it was ready: nothing has changed; its own log says why");
  }
}

}  // namespace atelier::lb
