// The counters of the loop as Prometheus reads them, gathered when asked for: counting costs an addition.
#include "core/process_metrics.hpp"
#include "lb/admin.hpp"

namespace atelier::lb {
namespace {

// The kinds of sample here, by one name and help each.
class page {
 public:
  using labels = metrics_page::labels;

  void counter(const char* name, const char* help, std::uint64_t value, const labels& with = {}) {
    out_.counter(prefix + name, help, static_cast<double>(value), with);
  }
  void gauge(const char* name, const char* help, std::uint64_t value, const labels& with = {}) {
    out_.gauge(prefix + name, help, static_cast<double>(value), with);
  }
  void times(const char* name, const char* help, const histogram& value, const labels& with = {}) {
    out_.times(prefix + name, help, value, with);
  }
  std::string text() {
    add_process(out_, "lb");
    return out_.text();
  }

 private:
  static inline const std::string prefix = "atelier_lb_";
  metrics_page out_;
};

std::string status_class(unsigned hundred) { return std::to_string(hundred) + "xx"; }

void add_clients(const proxy& seen, page& out) {
  const auto& shared = seen.shared();
  const auto& count = shared.count;
  out.counter("connections_accepted_total", "Client connections accepted", seen.accepted());
  out.gauge("connections", "Client connections open now", seen.connections());
  out.gauge("connections_max", "Beyond so many, none is accepted", shared.bounds.connections_max);
  out.counter("requests_total", "Requests whose head was right", count.requests);
  out.counter("requests_refused_total", "Requests refused for their framing, a limit or a time-out",
              count.refused);
  out.counter("limited_total", "Requests and connections of addresses that had too many: 429", count.limited);
  out.gauge("requests_in_flight", "Requests being served now, those that wait included", shared.in_flight);
  out.gauge("requests_waiting", "Requests that wait for a worker with room", shared.pool.waiting());
  out.gauge("requests_waiting_max", "Beyond so many in line, a request is answered 503 at once",
            shared.bounds.queue_max);
  out.counter("requests_unavailable_total", "Requests for which no worker had room in time",
              count.unavailable);
  out.counter("retries_total", "Requests sent again after a worker failed", count.retries);
  out.counter("retries_delayed_total", "Of these, those that had to wait for the budget of retries",
              count.retries_delayed);
  out.counter("retries_refused_total", "Those for which the budget had no room in time: 503",
              count.retries_refused);
  out.counter("answers_broken_off_total", "Exchanges that ended early: the worker or the client left",
              count.broken_off);
  out.counter("received_bytes_total", "Bytes received from clients", count.bytes_in);
  out.counter("sent_bytes_total", "Bytes sent to clients", count.bytes_out);
  out.times("request_seconds", "From a request's whole head to the last byte of its answer",
            count.request_times);
  if (shared.log) {
    out.counter("access_log_lines_total", "Lines of the access log", shared.log->lines());
    out.counter("access_log_dropped_total", "Lines that had no room or could not be written",
                shared.log->dropped());
  }
  for (unsigned hundred = 1; hundred < count.answers.size(); ++hundred)
    out.counter("answers_total", "Final answers to clients, the proxy's own included", count.answers[hundred],
                {{"status", status_class(hundred)}});
}

void add_workers(const proxy& seen, page& out) {
  const auto& pool = seen.shared().pool;
  const auto each = [&](auto add) {
    for (const auto& w : pool.all()) add(*w, page::labels{{"worker", w->name}});
  };
  using labels = page::labels;
  each([&](const worker& w, const labels& its) {
    out.gauge("worker_up", "1 if the worker is healthy: it gets requests, unless an operator drains it",
              w.state.usable(), its);
  });
  each([&](const worker& w, const labels& its) {
    out.gauge("worker_drained", "1 if an operator keeps new requests from the worker",
              w.wish != worker::wanted::serving, its);
  });
  each([&](const worker& w, const labels& its) {
    out.gauge("worker_weight", "The worker's weight", w.settings.weight, its);
  });
  each([&](const worker& w, const labels& its) {
    out.gauge("worker_in_flight", "Requests that the worker has", pool.in_flight(w), its);
  });
  each([&](const worker& w, const labels& its) {
    out.gauge("worker_idle_connections", "Connections to the worker at rest", w.idle(), its);
  });
  each([&](const worker& w, const labels& its) {
    out.counter("worker_requests_total", "Requests given to the worker", w.counters.requests, its);
  });
  each([&](const worker& w, const labels& its) {
    out.counter("worker_retries_total", "Requests sent again because the worker failed them",
                w.counters.retries, its);
  });
  each([&](const worker& w, const labels& its) {
    out.counter("worker_connections_total", "Connections opened to the worker", w.counters.connections, its);
  });
  each([&](const worker& w, const labels& its) {
    out.counter("worker_ejections_total", "Times that the worker went down or aside", w.counters.ejections,
                its);
  });
  each([&](const worker& w, const labels& its) {
    out.counter("worker_received_bytes_total", "Bytes received from the worker", w.counters.bytes_in, its);
  });
  each([&](const worker& w, const labels& its) {
    out.counter("worker_sent_bytes_total", "Bytes sent to the worker", w.counters.bytes_out, its);
  });
  each([&](const worker& w, const labels& its) {
    out.times("worker_answer_seconds", "From a request given to the worker to the head of its answer",
              w.counters.answer_times, its);
  });
  each([&](const worker& w, labels its) {
    its.emplace_back("status", "");
    for (unsigned hundred = 1; hundred < w.counters.answers.size(); ++hundred) {
      its.back().second = status_class(hundred);
      out.counter("worker_answers_total", "Final answers of the worker", w.counters.answers[hundred], its);
    }
  });
  each([&](const worker& w, labels its) {
    its.emplace_back("kind", "");
    for (std::size_t kind = 0; kind < fault_kinds; ++kind) {
      its.back().second = to_string(static_cast<fault>(kind));
      out.counter("worker_faults_total", "Requests that the worker failed", w.counters.faults[kind], its);
    }
  });
}

}  // namespace

std::string render_metrics(const proxy& seen) {
  page out;
  add_clients(seen, out);
  add_workers(seen, out);
  return out.text();
}

}  // namespace atelier::lb
