// The worker's admin address: metrics, and the same /live and /ready.
#pragma once

#include "app/api/api_service.hpp"

namespace atelier::api {

class operations_service final : public http::service {
 public:
  operations_service(api_service& api, const db::pool& database, const http::server& clients)
      : api_(api), database_(database), clients_(clients) {}

  bool answer_now(const http::request& asked, http::responder& out) override;
  task<> answer(const http::request& asked, http::responder& out) override;
  http::response refusal(unsigned status, std::string_view reason, bool as_problem) override;

 private:
  std::string metrics() const;

  api_service& api_;
  const db::pool& database_;
  const http::server& clients_;
};

}  // namespace atelier::api
