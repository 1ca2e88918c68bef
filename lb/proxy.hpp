// The proxy: a listener, its clients, the workers and their probes.
#pragma once

#include "core/listener.hpp"
#include "lb/context.hpp"

#include <memory>

namespace atelier::lb {

class client_connection;

class proxy {
 public:
  proxy(asio::io_context& loop, const limits& bounds, const health_rules& rules, const probe_rules& probes);
  ~proxy();

  /// Resolves its name, blocking: before start(). Errors: a name that does not resolve; the same worker
  /// twice.
  result<> add_worker(const worker_settings& settings);

  /// The same for a running proxy, without blocking.
  task<result<>> add_worker_later(worker_settings settings);

  /// Its two halves. Where its name leads: of several addresses the one that a worker of this name has.
  task<result<socket_address>> locate(address where);
  result<> add_worker_at(const worker_settings& settings, const socket_address& where);

  /// Binds; connections are taken from accept() on.
  result<> listen(const address& where, const listen_options& options = {});
  void listen(tcp_acceptor acceptor);
  void log_to(access_log& log) { shared_.log = &log; }  // outlives us

  /// Begins to ask the workers whether they are ready.
  void start();
  void accept();

  /// Accepts no more, lets requests under way end with `Connection: close`, and cuts what is left after
  /// `patience`. Returns when no connection is open; at once where one of these two runs already, which then
  /// has no more patience than this.
  task<> drain(std::chrono::milliseconds patience);

  /// The same for a listener that somebody else goes on serving: a connection at rest may ask once more, and
  /// is closed after the answer; what still rests after `patience` is closed. Cuts nothing: requests under
  /// way have as long as their own limits give them.
  task<> hand_over(std::chrono::milliseconds patience);

  /// Takes new bounds and rules for whatever begins from now on.
  void reconfigure(const limits& bounds, const health_rules& rules, const probe_rules& probes);

  std::string listening_on() const { return bound_address(accepting_->acceptor()); }
  bool draining() const { return draining_; }
  std::size_t connections() const { return accepting_->open(); }
  std::uint64_t accepted() const { return accepting_->accepted(); }
  const context& shared() const { return shared_; }
  workers& pool() { return shared_.pool; }
  int listener_descriptor() { return accepting_->descriptor(); }

 private:
  void let_rest(std::unique_ptr<client_connection> client);
  task<> serve(std::unique_ptr<client_connection> client);
  void forget(std::unique_ptr<client_connection> client);
  task<> sweep();
  void cut();
  void start_probing(const std::shared_ptr<worker>& added);
  task<> end_connections();

  context shared_;
  probe_rules probes_;
  std::unique_ptr<accept_loop> accepting_;
  bool draining_ = false;
  bool ended_ = false;  // no connection is open any more
  bool cutting_ = false;
  clock::time_point cut_at_ = clock::time_point::max();
};

}  // namespace atelier::lb
