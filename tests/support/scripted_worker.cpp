#include "support/scripted_worker.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <utility>

namespace atelier::test {
namespace {

// The worker whose thread this is, so that read_request() can note what arrived.
thread_local scripted_worker* mine = nullptr;

// Breaks a connection with RST but keeps its descriptor (connect(2), AF_UNSPEC).
void reset_socket(int socket) {
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  (void)::connect(socket, &nowhere, sizeof nowhere);
}

bool is_probe(std::string_view request) { return request.starts_with("GET /ready "); }

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

bool worker_connection::receive() {
  char bytes[65536];
  const auto n = closed_ ? -1 : ::recv(socket_, bytes, sizeof bytes, 0);
  if (n <= 0) return false;
  received_.append(bytes, static_cast<std::size_t>(n));
  return true;
}

std::string worker_connection::read_head() {
  while (received_.find("\r\n\r\n") == received_.npos)
    if (!receive()) return {};
  const auto size = received_.find("\r\n\r\n") + 4;
  auto head = received_.substr(0, size);
  received_.erase(0, size);
  return head;
}

std::string worker_connection::read_request() {
  const auto text = read_head();
  if (text.empty()) return {};
  const auto head = text.size();
  received_.insert(0, text);
  const auto fields = lower(received_.substr(0, head));
  std::size_t whole = head;
  if (const auto length = fields.find("\r\ncontent-length: "); length != fields.npos) {
    whole += std::stoul(fields.substr(length + 18));
    while (received_.size() < whole)
      if (!receive()) return {};
  } else if (fields.find("\r\ntransfer-encoding: chunked") != fields.npos) {
    std::size_t end = 0;
    while ((end = received_.find("0\r\n\r\n", head)) == received_.npos)
      if (!receive()) return {};
    whole = end + 5;
  }
  auto request = received_.substr(0, whole);
  received_.erase(0, whole);
  if (mine && !is_probe(request)) mine->note(request);
  return request;
}

std::string worker_connection::read_bytes(std::size_t size) {
  while (received_.size() < size && receive()) {
  }
  auto bytes = received_.substr(0, size);
  received_.erase(0, size);
  return bytes;
}

std::string worker_connection::read_rest() {
  while (receive()) {
  }
  return received_;
}

void worker_connection::send(std::string_view bytes) {
  while (!bytes.empty() && !closed_) {
    const auto n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void worker_connection::close() {
  if (!std::exchange(closed_, true)) ::shutdown(socket_, SHUT_RDWR);
}

void worker_connection::reset() {
  if (!std::exchange(closed_, true)) reset_socket(socket_);
}

scripted_worker::scripted_worker(script what, reads first, std::uint16_t port)
    : what_(std::move(what)), first_(first) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  where.sin_port = htons(port);
  socklen_t size = sizeof where;
  auto* generic = reinterpret_cast<sockaddr*>(&where);
  if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 128) != 0 ||
      ::getsockname(listener_, generic, &size) != 0)
    throw std::runtime_error("a scripted worker cannot listen");
  port_ = ntohs(where.sin_port);
  acceptor_ = std::thread([this] { accept(); });
}

scripted_worker::~scripted_worker() {
  die();
  acceptor_.join();
  for (auto& thread : threads_) thread.join();
}

void scripted_worker::die() {
  ending_ = true;
  const std::lock_guard lock(mutex_);
  if (listener_ >= 0) ::shutdown(listener_, SHUT_RDWR);
  for (const int socket : open_) {
    reset_socket(socket);
    ::shutdown(socket, SHUT_RDWR);  // wakes its thread
  }
}

void scripted_worker::accept() {
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0 || ending_) {
      if (socket >= 0) ::close(socket);
      break;
    }
    const std::lock_guard lock(mutex_);
    open_.push_back(socket);
    threads_.emplace_back([this, socket] { serve(socket); });
  }
  const std::lock_guard lock(mutex_);
  ::close(listener_);
  listener_ = -1;
}

void scripted_worker::serve(int socket) {
  mine = this;
  worker_connection connection(socket);
  auto request = first_ == reads::head ? connection.read_head() : connection.read_request();
  if (is_probe(request)) {
    connection.send(answer_with("", "", ready_ ? "200 OK" : "503 Service Unavailable"));
  } else {
    connection.number_ = connections_++;
    if (!request.empty()) what_(connection, std::move(request));
  }
  const std::lock_guard lock(mutex_);
  std::erase(open_, socket);
  ::close(socket);
}

std::vector<std::string> scripted_worker::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void scripted_worker::note(const std::string& request) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(request);
}

std::string answer_with(std::string_view body, std::string_view fields, std::string_view status) {
  std::string text = "HTTP/1.1 ";
  text.append(status).append("\r\n").append(fields).append("Content-Length: ");
  return text.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
}

scripted_worker::script answering(std::function<std::string(const std::string& request)> answer) {
  return [answer = std::move(answer)](worker_connection& c, std::string request) {
    for (; !request.empty(); request = c.read_request()) c.send(answer(request));
  };
}

}  // namespace atelier::test
