#include "lb/snapshot.hpp"

#include <fmt/format.h>

#include <iterator>

namespace atelier::lb {
namespace {

// What an operator wants stands before how the worker is.
std::string_view state_of(const worker& w, std::size_t in_flight) {
  switch (w.wish) {
    case worker::wanted::serving:
      return to_string(w.state.now());
    case worker::wanted::drained:
      return in_flight > 0 ? "draining" : "drained";
    case worker::wanted::gone:
      break;
  }
  return "leaving";
}

const cause& cause_of(const worker& w) { return w.wish == worker::wanted::serving ? w.of_state : w.of_wish; }

// A reason may hold what a worker's answer made of it.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c < ' ' && c >= 0 ? ' ' : c;
  }
  return out += '"';
}

std::int64_t milliseconds(std::chrono::system_clock::time_point at) {
  return std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

template <class... A>
void add(std::string& out, fmt::format_string<A...> what, A&&... arguments) {
  fmt::format_to(std::back_inserter(out), what, std::forward<A>(arguments)...);
}

// [p50, p90, p99] in milliseconds.
void add_times(std::string& out, const std::optional<percentiles>& times) {
  if (times)
    add(out, "[{:.3f},{:.3f},{:.3f}]", times->p50_ms, times->p90_ms, times->p99_ms);
  else
    out += "null";
}

void add_pace(std::string& out, const pace& p) {
  add(out, R"("rate":{:.1f},"errors":{:.1f},"in_flight":{},"latency_ms":)", p.requests, p.errors,
      p.in_flight);
  add_times(out, p.times);
}

void add_moment(std::string& out, const proxy& seen, const history& past, std::size_t index) {
  const auto& m = past.at(index);
  add(out, R"({{"at":{},"waiting":{},"connections":{},"retries":{:.1f},"answers":[)", milliseconds(m.at),
      m.waiting, m.connections, past.retries(index));
  for (unsigned hundred = 2; hundred < m.answers.size(); ++hundred)
    add(out, "{}{:.1f}", hundred == 2 ? "" : ",", past.answers(index, hundred));
  out += "],";
  add_pace(out, past.whole(index));
  out += R"(,"workers":{)";
  for (const auto& w : seen.shared().pool.all()) {
    const auto its = past.of_worker(index, w->number);
    if (!its) continue;
    add(out, "{}\"{}\":{{", out.back() == '{' ? "" : ",", w->name);
    add_pace(out, *its);
    out += '}';
  }
  out += "}}";
}

}  // namespace

std::string render_worker(const proxy& seen, const worker& w) {
  // parse_address takes no name with a quote or a backslash in it.
  const auto in_flight = seen.shared().pool.in_flight(w);
  const auto& why = cause_of(w);
  return fmt::format(
      R"({{"name":"{}","state":"{}","reason":{},"since":{},"weight":{},"max":{},"in_flight":{},"idle_connections":{},"requests":{}}})",
      w.name, state_of(w, in_flight), quoted(why.why), milliseconds(why.since), w.settings.weight,
      w.settings.in_flight_max, in_flight, w.idle(), w.counters.requests);
}

std::string render_workers(const proxy& seen) {
  std::string out = "{\"workers\":[";
  for (const auto& w : seen.shared().pool.all()) {
    if (out.back() == '}') out += ',';
    out += render_worker(seen, *w);
  }
  return out += "]}";
}

std::string render_about(const access_rule& rule) {
  return fmt::format(R"({{"seconds":{},"times_seconds":{},"token":"{}"}})", history::seconds,
                     history::times_seconds,
                     !rule.needs_token    ? "none"
                     : rule.token.empty() ? "missing"
                                          : "needed");
}

std::string render_history(const proxy& seen, const history& past) {
  std::string out = "[";
  for (std::size_t i = 0; i < past.size(); ++i) {
    if (i > 0) out += ',';
    add_moment(out, seen, past, i);
  }
  return out += ']';
}

std::string render_snapshot(const proxy& seen, const history& past) {
  auto out = render_workers(seen);
  out.pop_back();
  add(out, R"(,"listen":"{}","draining":{},"panic":{},"moment":)", seen.listening_on(), seen.draining(),
      seen.shared().pool.in_panic());
  if (past.size() > 0)
    add_moment(out, seen, past, past.size() - 1);
  else
    out += "null";
  return out += '}';
}

}  // namespace atelier::lb
