#include "lb/admin.hpp"

#include "core/metrics.hpp"

#include <fmt/format.h>

#include <iterator>

namespace atelier::lb {

http::response admin::page(const http::request& asked) const {
  const auto path = asked.head.path;
  const bool known = path == "/live" || path == "/ready" || path == "/metrics" || path == "/workers";
  if (!known)
    return {404, http::text_type, {}, "Error: no such page; there are /live, /ready, /metrics and /workers"};
  if (asked.head.verb != http::method::get && asked.head.verb != http::method::head)
    return {405, http::text_type, "Allow: GET, HEAD\r\n", "Error: this page can only be read"};
  if (path == "/live") return {200, http::text_type, {}, "live"};
  if (path == "/metrics") return {200, metrics_type, {}, render_metrics(seen_)};
  if (path == "/workers") return {200, http::json_type, {}, render_workers(seen_)};
  if (seen_.draining()) return {503, http::text_type, {}, "Error: draining"};
  if (!seen_.shared().pool.any_usable()) return {503, http::text_type, {}, "Error: no worker is healthy"};
  return {200, http::text_type, {}, "ready"};
}

bool admin::answer_now(const http::request& asked, http::responder& out) {
  out.send(page(asked));
  return true;
}

task<> admin::answer(const http::request&, http::responder&) { co_return; }

http::response admin::refusal(unsigned status, std::string_view reason, bool) {
  return {status, http::text_type, {}, fmt::format("Error: {}", reason)};
}

std::string render_workers(const proxy& seen) {
  // Names are HOST:PORT as parse_address takes them; a quote in one would not have resolved.
  std::string out = "{\"workers\":[";
  const auto& pool = seen.shared().pool;
  for (const auto& w : pool.all()) {
    if (w->slot > 0) out += ',';
    fmt::format_to(
        std::back_inserter(out),
        R"({{"name":"{}","state":"{}","weight":{},"max":{},"in_flight":{},"idle_connections":{},"requests":{}}})",
        w->name, to_string(w->state.now()), w->settings.weight, w->settings.in_flight_max, pool.in_flight(*w),
        w->idle(), w->counters.requests);
  }
  return out += "]}";
}

}  // namespace atelier::lb
