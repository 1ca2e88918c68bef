// What operators see and may change: the page, /live, /ready, /metrics, /workers and /events on an address or
// a socket of their own.
#pragma once

#include "core/http/server.hpp"
#include "lb/control.hpp"
#include "lb/live.hpp"
#include "lb/proxy.hpp"

namespace atelier::lb {

class admin final : public http::service {
 public:
  // Both outlive us.
  admin(proxy& of, live& seen, access_rule rule) : of_(of), live_(seen), rule_(std::move(rule)) {}

  bool answer_now(const http::request& asked, http::responder& out) override;
  task<> answer(const http::request& asked, http::responder& out) override;
  http::response refusal(unsigned status, std::string_view reason, bool as_problem) override;

 private:
  http::response page(const http::request& asked) const;
  void events(const http::request& asked, http::responder& out);
  http::response change(const command& wanted, std::string_view body);
  task<http::response> add(std::string body);

  proxy& of_;
  live& live_;
  const access_rule rule_;
};

/// Prometheus text format, version 0.0.4.
std::string render_metrics(const proxy& seen);

}  // namespace atelier::lb
