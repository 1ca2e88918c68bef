// A plain, blocking HTTP client that shares no code with what it tests.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct sockaddr;

namespace atelier::test {

using http_headers = std::vector<std::pair<std::string, std::string>>;

struct http_answer {
  int status = 0;
  std::string reason;
  http_headers headers;  // as sent, in order
  std::string body;      // chunks joined

  /// The first header of that name, in any case; nothing if there is none.
  std::optional<std::string> header(std::string_view name) const;
};

/// One connection to 127.0.0.1:port. Everything throws std::runtime_error on a refused or lost connection, a
/// timeout or an answer that is not HTTP/1.x.
class http_client {
 public:
  explicit http_client(std::uint16_t port, std::chrono::milliseconds timeout = std::chrono::seconds(15));
  /// To a UNIX socket.
  explicit http_client(const std::string& path, std::chrono::milliseconds timeout = std::chrono::seconds(15));
  /// At the end of a slow line: its kernel takes a few kilobytes at a time, in small segments.
  static http_client slow(std::uint16_t port, std::chrono::milliseconds timeout = std::chrono::seconds(15));
  ~http_client();
  http_client(http_client&& from) noexcept;
  http_client& operator=(http_client&& from) noexcept;

  /// Exactly these bytes.
  void send(std::string_view bytes);

  /// One answer. `to_head`: the request was HEAD, so that no body follows. An interim 1xx is an answer of its
  /// own.
  http_answer read(bool to_head = false);

  /// Sends a request with Host, and with Content-Length where there is a body (or the method is POST or PUT);
  /// reads the answer.
  http_answer request(std::string_view method, std::string_view target, const http_headers& headers = {},
                      std::string_view body = {});
  http_answer get(std::string_view target, const http_headers& headers = {}) {
    return request("GET", target, headers);
  }
  http_answer post(std::string_view target, std::string_view json, http_headers headers = {});
  http_answer put(std::string_view target) { return request("PUT", target); }

  /// Segments that brought bytes: on the loopback interface, what the other side wrote at a time is one.
  std::uint32_t segments_received() const;

  /// No more bytes from us; we still read.
  void finish_sending();

  /// True if the other side closes within the timeout without sending another byte.
  bool is_closed();

  /// Everything until the other side closes.
  std::string read_all();

 private:
  http_client(int family, std::chrono::milliseconds timeout);
  void connect(const sockaddr* where, std::size_t bytes, const std::string& named);
  void connect(std::uint16_t port);
  bool receive();
  std::string line();
  std::string exactly(std::size_t size);
  std::string chunks();

  int socket_ = -1;
  std::string received_;
  std::chrono::milliseconds timeout_;
};

/// One request on a connection of its own.
http_answer fetch(std::uint16_t port, std::string_view target, const http_headers& headers = {});

}  // namespace atelier::test
