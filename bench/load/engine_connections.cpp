#include "bench/load/load_engine.hpp"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace atelier::bench {
namespace {

using namespace std::chrono_literals;

}  // namespace

result<> engine::connect_all() {
  now_ = nanoseconds(0);
  begin_ = monotonic();
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    connect(i);
    if (i % 128 == 127) wait_for_events(now_ + 1ms);  // the backlog of a listener is short
  }
  const auto limit = std::max<nanoseconds>(what_.timeout, 5s);
  const auto is_stopped = [&] { return options_.stop && options_.stop->load(std::memory_order_relaxed); };
  const auto is_connecting = [](const connection& c) { return c.now == connection::stage::connecting; };
  while (std::any_of(connections_.begin(), connections_.end(), is_connecting) &&
         monotonic() - begin_ < limit && !is_stopped())
    wait_for_events(monotonic() - begin_ + 10ms);
  const auto is_open = [](const connection& c) { return c.now == connection::stage::open; };
  const auto open = std::count_if(connections_.begin(), connections_.end(), is_open);
  if (open == 0)
    return fail("no connection to {}:{} could be made ({}); does the server run there?",
                options_.target.address().to_string(), options_.target.port(),
                connect_error_.empty() ? "no answer" : connect_error_);
  return {};
}

void engine::connect(std::size_t i) {
  auto& c = connections_[i];
  const int family = options_.target.protocol().family();
  c.socket = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c.socket < 0) return connect_failed(i, errno);
  const int on = 1;
  setsockopt(c.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ++result_.connections_opened;
  c.now = connection::stage::connecting;
  c.connect_begun = now_;
  c.wants_to_write = true;
  epoll_event e{.events = EPOLLIN | EPOLLOUT, .data = {.u32 = static_cast<std::uint32_t>(i)}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, c.socket, &e);
  if (::connect(c.socket, options_.target.data(), static_cast<socklen_t>(options_.target.size())) == 0)
    connected(i);
  else if (errno != EINPROGRESS)
    connect_failed(i, errno);
}

void engine::connected(std::size_t i) {
  auto& c = connections_[i];
  c.now = connection::stage::open;
  c.was_useful = false;
  watch(i, false);
  if (what_.is_open)
    offer(i);
  else if (end_.count() > 0)
    fill(i);
}

void engine::connect_failed(std::size_t i, int error) {
  connect_error_ = std::strerror(error);
  example(fmt::format("connect: {}", connect_error_));
  forget_socket(i);
  connections_[i].retry_at = now_ + reconnect_pause;
  // Nobody's request was lost; but while no connection at all can be made, arrivals time out as they wait.
  if (!what_.is_open && end_.count() > 0 && now_ < end_) {
    result_.figures.started(now_);
    ended({.kind = 0, .why = fault::connect, .intended = now_, .ended = now_});
  }
}

void engine::forget_socket(std::size_t i) {
  auto& c = connections_[i];
  if (c.socket >= 0) ::close(c.socket);
  c.socket = -1;
  c.now = connection::stage::closed;
  c.out.clear();
  c.written = 0;
  c.reading = false;
}

void engine::watch(std::size_t i, bool write) {
  auto& c = connections_[i];
  if (c.wants_to_write == write) return;
  c.wants_to_write = write;
  epoll_event e{.events = write ? EPOLLIN | EPOLLOUT : EPOLLIN,
                .data = {.u32 = static_cast<std::uint32_t>(i)}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, c.socket, &e);
}

void engine::on_event(std::size_t i, std::uint32_t events) {
  auto& c = connections_[i];
  if (c.socket < 0) return;
  if (c.now == connection::stage::connecting) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c.socket, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return connect_failed(i, error);
    if (events & EPOLLOUT) connected(i);
    return;
  }
  if (events & EPOLLOUT) write_out(i);
  if (c.now == connection::stage::open && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) read_in(i);
}

void engine::write_out(std::size_t i) {
  auto& c = connections_[i];
  while (c.now == connection::stage::open && c.written < c.out.size()) {
    const auto n = ::send(c.socket, c.out.data() + c.written, c.out.size() - c.written, MSG_NOSIGNAL);
    if (n >= 0) {
      c.written += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      return watch(i, true);
    } else if (errno != EINTR) {
      return lose(i, fault::lost, std::strerror(errno));
    }
  }
  if (c.now != connection::stage::open) return;
  c.out.clear();
  c.written = 0;
  watch(i, false);
}

void engine::read_in(std::size_t i) {
  auto& c = connections_[i];
  const int socket = c.socket;
  while (c.socket == socket) {
    const auto n = ::recv(socket, buffer_.data(), buffer_.size(), 0);
    if (n > 0) {
      read_answers(i, {buffer_.data(), static_cast<std::size_t>(n)});
      if (static_cast<std::size_t>(n) < buffer_.size()) return;
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
      return ended_by_server(i, n == 0 ? "end of file" : std::strerror(errno));
    } else if (errno == EAGAIN) {
      return;
    }
  }
}

void engine::read_answers(std::size_t i, std::string_view input) {
  auto& c = connections_[i];
  while (!input.empty()) {
    if (c.in_flight.is_empty()) return lose(i, fault::bad_answer, "bytes that nobody asked for");
    const auto& sent = c.in_flight.oldest();
    const auto& k = requests_.of(sent.kind);
    if (!c.reading) c.answer.begin(k.is_head, k.keep_head, sent.look_inside);
    c.reading = true;
    switch (c.answer.feed(input)) {
      case answer_reader::state::more:
        return;
      case answer_reader::state::bad:
        return lose(i, fault::bad_answer, "no HTTP answer");
      case answer_reader::state::done:
        if (!input.empty() && c.in_flight.size() == 1)
          return lose(i, fault::bad_answer, "more bytes than the answer says that it has");
        answered(i);
        break;
    }
    if (c.now != connection::stage::open) return;
  }
}

}  // namespace atelier::bench
