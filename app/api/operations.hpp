// The worker's admin address: metrics, and the same /live and /ready.
#pragma once

#include "app/api/api_service.hpp"
#include "core/metrics.hpp"

namespace atelier::api {

class operations_service final : public http::service {
 public:
  operations_service(api_service& api, const db::pool& database, const http::server& clients,
                     const answer_cache& cache, const coherence& truth)
      : api_(api), database_(database), clients_(clients), cache_(cache), truth_(truth) {}

  bool answer_now(const http::request& asked, http::responder& out) override;
  task<> answer(const http::request& asked, http::responder& out) override;
  http::response refusal(unsigned status, std::string_view reason, bool as_problem) override;

 private:
  std::string metrics() const;
  void add_requests(metrics_page& page) const;
  void add_clients(metrics_page& page) const;
  void add_database(metrics_page& page) const;
  void add_cache(metrics_page& page) const;
  void add_writes(metrics_page& page) const;

  api_service& api_;
  const db::pool& database_;
  const http::server& clients_;
  const answer_cache& cache_;
  const coherence& truth_;
};

}  // namespace atelier::api
