// An HTTP/1.1 server for one thread: keep-alive, pipelining, strict framing, limits, a graceful stop.
#pragma once

#include "core/access_log.hpp"
#include "core/address.hpp"
#include "core/async.hpp"
#include "core/buffer.hpp"
#include "core/http/message.hpp"
#include "core/http/request_id.hpp"
#include "core/listener.hpp"
#include "core/watchdog.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

namespace atelier::http {

using namespace std::chrono_literals;

struct server_limits {
  head_limits head;
  std::size_t body_bytes_max = 256 * 1024;  // 413
  std::chrono::milliseconds head_timeout =
      10s;  // from the first byte of a request to the end of its head: 408
  std::chrono::milliseconds body_timeout = 30s;   // from there to the end of its body: 408
  std::chrono::milliseconds idle_timeout = 75s;   // between requests; nginx's default
  std::chrono::milliseconds write_timeout = 30s;  // without a byte taken by the client
  std::size_t connections_max = 16'384;           // beyond: the kernel's backlog holds them
  std::size_t requests_max = 1'000'000;           // of one connection; its last answer says close
  std::chrono::milliseconds age_max = 24h;        // of one connection; the first answer after it says close
  std::chrono::milliseconds linger_timeout =
      5s;  // how long a refused client may go on sending before it is cut
  std::size_t out_bytes_high_water = large_bytes;  // pipelined answers go out when they are this many
  // Of answers that clients have not taken yet, all connections together, with the buffers that these need
  // meanwhile: beyond, a large answer has no room, and a client that takes nothing is cut.
  std::size_t unsent_bytes_max = 256 * 1024 * 1024;
};

/// What is served. One object for all connections, on the loop's thread.
class service {
 public:
  virtual ~service() = default;

  /// Answers what needs no waiting. False: nothing was written, and answer() is to be awaited.
  virtual bool answer_now(const request& asked, responder& out) = 0;

  /// Answers, waiting as it must; writes exactly one response.
  virtual task<> answer(const request& asked, responder& out) = 0;

  /// Makes the answer to a request that is refused before anyone is asked (400, 408, 413, 414, 417, 431, 501,
  /// 505). `as_problem`: what could be read of its head accepts problem details.
  virtual response refusal(unsigned status, std::string_view reason, bool as_problem) = 0;
};

struct server_counters {
  std::uint64_t requests = 0;
  std::uint64_t refused = 0;  // framing faults, limits, time-outs
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

/// What a connection needs only while a request is under way.
struct workspace {
  static constexpr std::size_t block_bytes = 32 * 1024;  // holds the largest head, and most bodies

  buffer in{block_bytes};
  unsent out;
  request_head head;

  bool worth_keeping();
};

class server {
 public:
  server(asio::io_context& loop, service& what, const server_limits& limits = {});
  ~server();

  /// Binds; serving begins with start().
  result<> listen(const address& where, const listen_options& options = {});
  void listen(tcp_acceptor acceptor);
  void start();

  /// One line a request from now on. The log outlives us.
  void log_to(access_log& log) { log_ = &log; }

  /// Stops accepting, closes idle connections, lets requests under way finish with `Connection: close`, and
  /// cuts what is left after `patience`. Returns when no connection is open.
  task<> drain(std::chrono::milliseconds patience);

  /// For a listener that another process goes on serving.
  void stop_accepting() { accepting_->stop(); }
  int listener_descriptor() { return accepting_->descriptor(); }

  /// Ends every connection now; drain() returns soon after.
  void cut();

  std::string listening_on() const;
  std::size_t connections() const { return accepting_ ? accepting_->open() : 0; }
  std::uint64_t accepted() const { return accepting_ ? accepting_->accepted() : 0; }
  std::size_t connections_max() const { return limits_.connections_max; }
  const server_counters& counters() const { return counters_; }
  const unsent_budget& unsent_bytes() const { return unsent_; }
  const access_log* log() const { return log_; }  // null: none

 private:
  friend class connection;
  task<> serve(tcp_socket socket);

  asio::io_context& loop_;
  service& service_;
  server_limits limits_;
  watchdog watchdog_;
  stock<workspace> workspaces_{256};
  std::unique_ptr<accept_loop> accepting_;
  request_ids ids_;
  server_counters counters_;
  unsent_budget unsent_;
  access_log* log_ = nullptr;
  bool draining_ = false;
};

}  // namespace atelier::http
