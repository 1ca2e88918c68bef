// What operators see and may change: /live, /ready, /metrics and /workers on an address or a socket of their
// own.
#pragma once

#include "core/http/server.hpp"
#include "lb/control.hpp"
#include "lb/proxy.hpp"

namespace atelier::lb {

class admin final : public http::service {
 public:
  admin(proxy& of, access_rule rule) : of_(of), rule_(std::move(rule)) {}  // `of` outlives us

  bool answer_now(const http::request& asked, http::responder& out) override;
  task<> answer(const http::request& asked, http::responder& out) override;
  http::response refusal(unsigned status, std::string_view reason, bool as_problem) override;

 private:
  http::response page(const http::request& asked) const;
  http::response change(const command& wanted, std::string_view body);
  task<http::response> add(std::string body);

  proxy& of_;
  const access_rule rule_;
};

/// Prometheus text format, version 0.0.4.
std::string render_metrics(const proxy& seen);

/// The list of workers as JSON, and one of them.
std::string render_workers(const proxy& seen);
std::string render_worker(const proxy& seen, const worker& one);

}  // namespace atelier::lb
