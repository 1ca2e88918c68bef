// Stands between a client and a server's UNIX socket, and cuts them apart in the middle of an answer.
#pragma once

#include "core/async.hpp"

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace atelier::test {

/// Passes on what comes to a port of its own, on a thread of its own.
class cutting_relay {
 public:
  explicit cutting_relay(const std::string& socket_path);
  ~cutting_relay();

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  /// So many more bytes go to the clients; then the connection that has more is reset (RST), once.
  void cut_after(std::size_t bytes);

  /// From now on it closes every new connection.
  void refuse() { refuses_ = true; }

  /// Bytes that went to the clients so far.
  std::size_t passed() const;

 private:
  using unix_socket = asio::basic_stream_socket<asio::local::stream_protocol, executor>;
  struct pair;

  task<> accept();
  static task<> pass_requests(std::shared_ptr<pair> both);
  task<> pass_answers(std::shared_ptr<pair> both);

  std::size_t take(std::size_t size);

  static constexpr auto never = std::numeric_limits<std::size_t>::max();

  asio::io_context loop_;
  asio::local::stream_protocol::endpoint server_;
  tcp_acceptor acceptor_;
  std::atomic<bool> refuses_ = false;
  mutable std::mutex guard_;
  std::size_t left_ = never;
  std::size_t passed_ = 0;
  std::thread thread_;
};

}  // namespace atelier::test
