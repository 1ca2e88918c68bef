#include "lb/takeover.hpp"

#include "core/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace atelier::lb {
namespace {

constexpr std::size_t sockets_max = 8;
constexpr std::size_t text_bytes_max = 256 * 1024;  // a thousand workers with long names
constexpr std::string_view last_line = "end\n";
constexpr timeval patience{10, 0};
constexpr std::string_view ready_word = "ready\n";
constexpr std::string_view busy_word = "busy ";  // and which process is at it

// The names, a line each, with the descriptors in the same order; then the record of the workers.
bool send_offer(int connection, const std::vector<inherited_socket>& sockets, const worker_record& workers) {
  std::string words;
  std::array<int, sockets_max> numbers{};
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    words += sockets[i].name + "\n";
    numbers[i] = sockets[i].descriptor;
  }
  words += to_text(workers);
  words += last_line;
  const auto bytes = sockets.size() * sizeof(int);
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * sockets_max)> rights{};
  iovec text{words.data(), words.size()};
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
  return sendmsg(connection, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(words.size());
}

struct offer {
  bool is_end = false;  // the other side closed
  std::string text;     // without the names of the sockets
  std::vector<inherited_socket> sockets;
};

offer receive_offer(int connection) {
  std::string text(text_bytes_max, '\0');
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * sockets_max)> rights{};
  iovec room{text.data(), text.size()};
  msghdr message{};
  message.msg_iov = &room;
  message.msg_iovlen = 1;
  message.msg_control = rights.data();
  message.msg_controllen = rights.size();
  auto n = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
  if (n <= 0) return {.is_end = n == 0 || errno == ECONNRESET, .text = {}, .sockets = {}};
  std::size_t held = 0;
  for (; n > 0; n = ::recv(connection, text.data() + held, text.size() - held, 0)) {
    held += static_cast<std::size_t>(n);
    if (held == text.size() || std::string_view(text.data(), held).ends_with(last_line)) break;
  }
  text.resize(held);

  offer made;
  const auto* const head = CMSG_FIRSTHDR(&message);
  const bool has_sockets = head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS;
  const auto count = has_sockets ? (head->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
  for (std::size_t i = 0; i < count; ++i) {
    inherited_socket one{};
    std::memcpy(&one.descriptor, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
    const auto end = std::min(text.find('\n'), text.size());
    one.name = text.substr(0, end);
    text.erase(0, end + 1);
    made.sockets.push_back(std::move(one));
  }
  made.text = std::move(text);
  return made;
}

pid_t process_behind(int connection) {
  ucred who{};
  socklen_t size = sizeof who;
  return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 ? who.pid : 0;
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
  auto offer = receive_offer(one->connection_);
  if (offer.is_end) return std::unique_ptr<takeover>();  // it was about to end
  if (offer.text.starts_with(busy_word))
    return fail(
        "the process {} is taking over at this moment: wait until it serves, or end it, and start again",
        offer.text.substr(busy_word.size()));
  if (offer.sockets.empty())
    return fail("who listens on '{}' hands nothing over: give the --control of a running atelier lb", path);
  one->sockets = std::move(offer.sockets);
  one->workers = read_record(offer.text);
  return one;
}

bool takeover::is_alone() const {
  char byte;
  const auto n = ::recv(connection_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

void takeover::say_ready() { (void)!::send(connection_, ready_word.data(), ready_word.size(), MSG_NOSIGNAL); }

void succession::start(std::vector<inherited_socket> sockets) {
  sockets_ = std::move(sockets);
  asio::co_spawn(listener_.get_executor(), receive_successors(), asio::detached);
}

void succession::stop() {
  error_code ignored;
  listener_.close(ignored);
  successor_.close(ignored);
}

task<> succession::receive_successors() {
  while (listener_.is_open()) {
    co_await listener_.async_wait(tcp_acceptor::wait_read, no_throw);
    if (!listener_.is_open()) co_return;
    const int fd = ::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) receive(fd);
  }
}

// Two at a time would both serve in the end.
void succession::receive(int connection) {
  error_code error;
  if (is_under_way()) {
    const auto refusal = fmt::format("{}{}", busy_word, process_behind(successor_.native_handle()));
    (void)!::send(connection, refusal.data(), refusal.size(), MSG_NOSIGNAL);
    ::close(connection);
  } else if (successor_.assign(asio::ip::tcp::v4(), connection, error); error) {
    ::close(connection);
  } else {
    asio::co_spawn(listener_.get_executor(), attend(), asio::detached);
  }
}

task<> succession::attend() {
  const int fd = successor_.native_handle();
  log::info("another process asks for the listening sockets pid={}", process_behind(fd));
  bool ready = false;
  if (send_offer(fd, sockets_, workers_())) {
    co_await successor_.async_wait(tcp_socket::wait_read, no_throw);
    if (!successor_.is_open()) co_return;  // we were stopped
    std::array<char, ready_word.size()> word{};
    const auto n = ::recv(fd, word.data(), word.size(), MSG_DONTWAIT);
    ready =
        n == static_cast<ssize_t>(word.size()) && std::string_view(word.data(), word.size()) == ready_word;
  }
  error_code ignored;
  successor_.close(ignored);
  if (ready)
    taken_over_();
  else
    log::warning("the other process ended before it was ready: nothing has changed; its own log says why");
}

}  // namespace atelier::lb
