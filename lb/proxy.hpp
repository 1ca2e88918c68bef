// The proxy: a listener, its clients, the workers and their probes.
#pragma once

#include "core/listener.hpp"
#include "lb/context.hpp"

#include <memory>

namespace atelier::lb {

class proxy {
 public:
  proxy(asio::io_context& loop, const limits& bounds, const health_rules& rules, const probe_rules& probes);

  /// Before start(). Errors: a name that does not resolve; the same worker twice.
  result<> add_worker(const worker_settings& settings) { return shared_.pool.add(settings); }

  /// Binds; serving begins with start().
  result<> listen(const address& where, const listen_options& options = {});
  void log_to(access_log& log) { shared_.log = &log; }  // outlives us
  void start();

  /// Accepts no more, lets requests under way end with `Connection: close`, and cuts what is left after
  /// `patience`. Returns when no connection is open. Called again while it runs, it cuts at once.
  task<> drain(std::chrono::milliseconds patience);

  std::string listening_on() const { return bound_address(accepting_->acceptor()); }
  bool draining() const { return draining_; }
  std::size_t connections() const { return accepting_->open(); }
  std::uint64_t accepted() const { return accepting_->accepted(); }
  const context& shared() const { return shared_; }

 private:
  task<> serve(tcp_socket socket);
  task<> sweep();
  void cut();

  context shared_;
  const probe_rules probes_;
  std::unique_ptr<accept_loop> accepting_;
  bool draining_ = false;
  bool cutting_ = false;
};

}  // namespace atelier::lb
