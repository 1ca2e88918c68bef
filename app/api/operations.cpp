#include "app/api/operations.hpp"

#include "core/http/problem.hpp"
#include "core/metrics.hpp"

namespace atelier::api {

std::string operations_service::metrics() const {
  metrics_page page;
  const auto& counted = api_.counted();
  for (std::size_t r = 0; r < route_count; ++r)
    for (std::size_t status = 1; status < counted.answers[r].size(); ++status)
      if (const auto n = counted.answers[r][status]; n > 0)
        page.counter("atelier_api_requests_total", "Requests answered, by route and class of status",
                     static_cast<double>(n),
                     {{"route", std::string(name_of(static_cast<route>(r)))},
                      {"status", std::to_string(status) + "xx"}});
  const auto& server = clients_.counters();
  page.counter("atelier_api_requests_refused_total",
               "Requests refused for their framing, a limit or a time-out",
               static_cast<double>(server.refused))
      .counter("atelier_api_received_bytes_total", "Bytes received from clients",
               static_cast<double>(server.bytes_in))
      .counter("atelier_api_sent_bytes_total", "Bytes sent to clients", static_cast<double>(server.bytes_out))
      .counter("atelier_api_connections_accepted_total", "Client connections accepted",
               static_cast<double>(clients_.accepted()))
      .gauge("atelier_api_connections", "Client connections open now",
             static_cast<double>(clients_.connections()))
      .gauge("atelier_api_requests_in_flight", "Requests that wait for the database now",
             static_cast<double>(counted.in_flight))
      .gauge("atelier_api_db_connections", "Database connections that are ready",
             static_cast<double>(database_.connected()))
      .gauge("atelier_api_db_statements", "Statements queued or sent and not yet answered",
             static_cast<double>(database_.load()));
  return page.text();
}

bool operations_service::answer_now(const http::request& asked, http::responder& out) {
  const auto where = match(asked.head.path).where;
  if (where == route::live || where == route::ready) return api_.answer_now(asked, out);
  if (asked.head.path != "/metrics") {
    out.send(render(not_found("Error: there is nothing at this path; try /metrics, /live or /ready"),
                    http::accepts_problem(asked.head.fields)));
    return true;
  }
  if (asked.head.verb != http::method::get && asked.head.verb != http::method::head) {
    out.send(render(method_not_allowed("GET, HEAD"), http::accepts_problem(asked.head.fields)));
    return true;
  }
  out.send({.status = 200, .content_type = metrics_type, .fields = {}, .body = metrics()});
  return true;
}

task<> operations_service::answer(const http::request& asked, http::responder& out) {
  return api_.answer(asked, out);
}

http::response operations_service::refusal(unsigned status, std::string_view reason, bool as_problem) {
  return api_.refusal(status, reason, as_problem);
}

}  // namespace atelier::api
