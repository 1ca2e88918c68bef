// What operators see: /live, /ready, /metrics and /workers on an address of their own.
#pragma once

#include "core/http/server.hpp"
#include "lb/proxy.hpp"

namespace atelier::lb {

class admin final : public http::service {
 public:
  explicit admin(const proxy& seen) : seen_(seen) {}  // outlives us

  bool answer_now(const http::request& asked, http::responder& out) override;
  task<> answer(const http::request& asked, http::responder& out) override;
  http::response refusal(unsigned status, std::string_view reason, bool as_problem) override;

 private:
  http::response page(const http::request& asked) const;

  const proxy& seen_;
};

/// Prometheus text format, version 0.0.4.
std::string render_metrics(const proxy& seen);

/// The list of workers as JSON.
std::string render_workers(const proxy& seen);

}  // namespace atelier::lb
