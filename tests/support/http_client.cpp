#include "support/http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace atelier::test {
namespace {

[[noreturn]] void give_up(const std::string& why) { throw std::runtime_error("http client: " + why); }

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// The kernel's struct tcp_info (linux/tcp.h), which is longer than the one of the C library.
struct whole_tcp_info {
  tcp_info first;
  std::uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
  std::uint32_t segs_out, segs_in, notsent_bytes, min_rtt, data_segs_in;
};

std::string trimmed(std::string text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

std::optional<std::string> http_answer::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (same_name(key, name)) return value;
  return std::nullopt;
}

http_client::http_client(int family, std::chrono::milliseconds timeout)
    : socket_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)), timeout_(timeout) {
  const timeval limit{timeout.count() / 1000, (timeout.count() % 1000) * 1000};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

http_client::http_client(std::uint16_t port, std::chrono::milliseconds timeout)
    : http_client(AF_INET, timeout) {
  connect(port);
}

http_client http_client::slow(std::uint16_t port, std::chrono::milliseconds timeout) {
  http_client client(AF_INET, timeout);
  const int segment_bytes = 536;  // the least that every TCP takes (RFC 9293 section 3.7.1)
  const int held_bytes = 8192;
  setsockopt(client.socket_, IPPROTO_TCP, TCP_MAXSEG, &segment_bytes, sizeof segment_bytes);
  setsockopt(client.socket_, SOL_SOCKET, SO_RCVBUF, &held_bytes, sizeof held_bytes);
  client.connect(port);
  return client;
}

void http_client::connect(std::uint16_t port) {
  const int yes = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  connect(reinterpret_cast<const sockaddr*>(&where), sizeof where, "port " + std::to_string(port));
}

http_client::http_client(const std::string& path, std::chrono::milliseconds timeout)
    : http_client(AF_UNIX, timeout) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  path.copy(where.sun_path, sizeof where.sun_path - 1);
  connect(reinterpret_cast<const sockaddr*>(&where), sizeof where, path);
}

// The destructor closes the socket: the object stands since the constructor that was delegated to.
void http_client::connect(const sockaddr* where, std::size_t bytes, const std::string& named) {
  if (::connect(socket_, where, static_cast<socklen_t>(bytes)) != 0)
    give_up("no connection to " + named + ": " + std::strerror(errno));
}

http_client::~http_client() {
  if (socket_ >= 0) close(socket_);
}

http_client::http_client(http_client&& from) noexcept
    : socket_(std::exchange(from.socket_, -1)),
      received_(std::move(from.received_)),
      timeout_(from.timeout_) {}

http_client& http_client::operator=(http_client&& from) noexcept {
  std::swap(socket_, from.socket_);
  std::swap(received_, from.received_);
  timeout_ = from.timeout_;
  return *this;
}

void http_client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) give_up(std::string("sending: ") + std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// False at the end of the stream.
bool http_client::receive() {
  std::array<char, 65536> buffer;
  const auto got = recv(socket_, buffer.data(), buffer.size(), 0);
  if (got < 0)
    give_up(std::string("receiving: ") + (errno == EAGAIN ? "nothing came in time" : std::strerror(errno)));
  received_.append(buffer.data(), static_cast<std::size_t>(got));
  return got > 0;
}

std::string http_client::line() {
  std::size_t end = 0;
  while ((end = received_.find("\r\n")) == std::string::npos)
    if (!receive()) give_up("the connection ended in mid-line after '" + received_ + "'");
  std::string text = received_.substr(0, end);
  received_.erase(0, end + 2);
  return text;
}

std::string http_client::exactly(std::size_t size) {
  while (received_.size() < size)
    if (!receive())
      give_up("the connection ended after " + std::to_string(received_.size()) + " of " +
              std::to_string(size) + " bytes");
  std::string bytes = received_.substr(0, size);
  received_.erase(0, size);
  return bytes;
}

std::string http_client::chunks() {
  std::string body;
  while (true) {
    const auto size = std::stoul(line(), nullptr, 16);
    if (size == 0) break;
    body += exactly(size);
    if (exactly(2) != "\r\n") give_up("a chunk does not end with a line end");
  }
  while (!line().empty()) {
  }
  return body;
}

http_answer http_client::read(bool to_head) {
  http_answer answer;
  const auto status = line();
  if (!status.starts_with("HTTP/1.") || status.size() < 12) give_up("not an HTTP answer: '" + status + "'");
  answer.status = std::stoi(status.substr(9, 3));
  answer.reason = status.size() > 13 ? status.substr(13) : "";
  for (auto text = line(); !text.empty(); text = line()) {
    const auto colon = text.find(':');
    if (colon == std::string::npos) give_up("not a header: '" + text + "'");
    answer.headers.emplace_back(text.substr(0, colon), trimmed(text.substr(colon + 1)));
  }
  if (to_head || answer.status < 200 || answer.status == 204 || answer.status == 304) return answer;
  if (const auto coding = answer.header("Transfer-Encoding"); coding && same_name(*coding, "chunked"))
    answer.body = chunks();
  else if (const auto length = answer.header("Content-Length"))
    answer.body = exactly(std::stoul(*length));
  else
    answer.body = read_all();
  return answer;
}

http_answer http_client::request(std::string_view method, std::string_view target,
                                 const http_headers& headers, std::string_view body) {
  std::string text = std::string(method) + ' ' + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  if (!body.empty() || method == "POST" || method == "PUT")
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n";
  text += body;
  send(text);
  return read(method == "HEAD");
}

http_answer http_client::post(std::string_view target, std::string_view json, http_headers headers) {
  headers.emplace_back("Content-Type", "application/json");
  return request("POST", target, headers, json);
}

std::uint32_t http_client::segments_received() const {
  whole_tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(socket_, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
    give_up(std::string("TCP_INFO: ") + std::strerror(errno));
  return info.data_segs_in;
}

void http_client::finish_sending() { shutdown(socket_, SHUT_WR); }

bool http_client::is_closed() {
  if (!received_.empty()) return false;
  try {
    return !receive();
  } catch (const std::runtime_error&) {
    return errno == ECONNRESET;
  }
}

std::string http_client::read_all() {
  while (receive()) {
  }
  return std::exchange(received_, {});
}

http_answer fetch(std::uint16_t port, std::string_view target, const http_headers& headers) {
  return http_client(port).get(target, headers);
}

}  // namespace atelier::test
