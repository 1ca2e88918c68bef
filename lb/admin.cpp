#include "lb/admin.hpp"

#include "core/metrics.hpp"
#include "lb/page_files.hpp"
#include "lb/snapshot.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace atelier::lb {
namespace {

using kind = command::kind;

http::response error(unsigned status, std::string_view sentence, std::string fields = {}) {
  return {status, http::text_type, std::move(fields), fmt::format("Error: {}\n", sentence)};
}

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  return first == text.npos ? std::string_view()
                            : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::optional<std::uint32_t> weight_in(std::string_view body) {
  const auto text = without_blanks(body);
  std::uint32_t weight = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), weight);
  if (wrong != std::errc{} || end != text.data() + text.size() || weight < 1 || weight > load::weight_max)
    return std::nullopt;
  return weight;
}

bool is_read_only(std::string_view path) {
  return path == "/live" || path == "/ready" || path == "/metrics" || path == "/events" || page_at(path);
}

}  // namespace

http::response admin::page(const http::request& asked) const {
  const auto path = asked.head.path;
  if (const auto file = page_at(path)) return page_answer(path, *file);
  const auto wanted = read_command(path, http::method::get);
  if (path == "/live") return {200, http::text_type, {}, "live"};
  if (path == "/metrics") return {200, metrics_type, {}, render_metrics(of_)};
  if (wanted.what == kind::list) return {200, http::json_type, {}, render_workers(of_)};
  if (wanted.what == kind::show) {
    const auto* one = of_.shared().pool.find(wanted.worker);
    return one ? http::response{200, http::json_type, {}, render_worker(of_, *one)}
               : error(404, "no such worker");
  }
  if (of_.draining()) return error(503, "draining");
  if (!of_.shared().pool.any_usable()) return error(503, "no worker is healthy");
  return {200, http::text_type, {}, "ready"};
}

void admin::events(const http::request& asked, http::responder& out) {
  auto& feed = live_.feed();
  if (const auto reason = why_foreign(rule_, asked.head); !reason.empty())
    return out.send(error(403, reason));
  if (!feed.has_room())
    return out.send(error(503, "too many listen already, close another page that shows this proxy",
                          "Retry-After: 5\r\n"));
  out.begin({200, http::events_type, "Cache-Control: no-store\r\n", live_.greeting(rule_)}, feed);
}

bool admin::answer_now(const http::request& asked, http::responder& out) {
  const auto path = asked.head.path;
  const bool read_only = is_read_only(path);
  const auto methods = read_only ? std::string_view("GET, HEAD") : methods_of(path);
  const auto wanted = read_command(path, asked.head.verb);
  const bool reads = asked.head.verb == http::method::get || asked.head.verb == http::method::head;
  if (methods.empty())
    out.send(error(404, "no such page; there are /, /live, /ready, /metrics, /workers and /events"));
  else if (read_only ? !reads : wanted.what == kind::none)
    out.send(error(405, fmt::format("here only {}", methods), fmt::format("Allow: {}\r\n", methods)));
  else if (path == "/events")
    events(asked, out);
  else if (reads)
    out.send(page(asked));
  else if (const auto reason = why_not(rule_, asked.head); !reason.empty())
    out.send(error(403, reason));
  else if (wanted.what == kind::add)
    return false;
  else
    out.send(change(wanted, asked.body));
  return true;
}

task<> admin::answer(const http::request& asked, http::responder& out) {
  out.send(co_await add(std::string(without_blanks(asked.body))));
}

task<http::response> admin::add(std::string body) {
  const auto settings = parse_worker(body);
  if (!settings) co_return error(422, settings.error().what);
  if (of_.shared().pool.find(to_string(settings->where))) co_return error(409, "that worker is here already");
  const auto added = co_await of_.add_worker_later(*settings);
  if (!added) co_return error(422, added.error().what);
  const auto* one = of_.shared().pool.find(to_string(settings->where));
  co_return http::response{201, http::json_type, fmt::format("Location: /workers/{}\r\n", one->name),
                           render_worker(of_, *one)};
}

http::response admin::change(const command& wanted, std::string_view body) {
  auto& pool = of_.pool();
  auto* const one = pool.find(wanted.worker);
  if (!one) return error(404, "no such worker");
  switch (wanted.what) {
    case kind::drain:
      pool.drain(*one);
      break;
    case kind::ready:
      pool.make_ready(*one);
      break;
    case kind::remove:
      pool.remove(*one);
      break;
    default: {
      const auto weight = weight_in(body);
      if (!weight) return error(422, fmt::format("the body is the weight, 1..{}", load::weight_max));
      pool.change(*one, *weight, one->settings.in_flight_max);
      break;
    }
  }
  return {200, http::json_type, {}, render_worker(of_, *one)};
}

http::response admin::refusal(unsigned status, std::string_view reason, bool) {
  return error(status, reason);
}

}  // namespace atelier::lb
