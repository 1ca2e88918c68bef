// The counters of the loop as Prometheus reads them. Rendered when asked for, so that counting costs an
// addition.
#include "lb/admin.hpp"

#include <fmt/format.h>

#include <iterator>

namespace atelier::lb {
namespace {

class text {
 public:
  void family(std::string_view name, std::string_view kind, std::string_view help) {
    name_ = name;
    fmt::format_to(to_, "# HELP atelier_lb_{} {}\n# TYPE atelier_lb_{} {}\n", name, help, name, kind);
  }
  void sample(std::string_view labels, std::uint64_t value) {
    fmt::format_to(to_, "atelier_lb_{}{} {}\n", name_, labels, value);
  }
  void single(std::string_view name, std::string_view kind, std::string_view help, std::uint64_t value) {
    family(name, kind, help);
    sample("", value);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  std::back_insert_iterator<std::string> to_{out_};
  std::string_view name_;
};

void render_clients(const proxy& seen, text& out) {
  const auto& shared = seen.shared();
  const auto& count = shared.count;
  out.single("connections_accepted_total", "counter", "Connections taken from clients.", seen.accepted());
  out.single("connections", "gauge", "Connections of clients that are open.", seen.connections());
  out.single("requests_total", "counter", "Requests whose head was right.", count.requests);
  out.single("requests_refused_total", "counter", "Requests refused for their framing, size or slowness.",
             count.refused);
  out.single("requests_in_flight", "gauge", "Requests being served, those that wait included.",
             shared.in_flight);
  out.single("requests_waiting", "gauge", "Requests that wait for a worker with room.",
             shared.pool.waiting());
  out.single("requests_unavailable_total", "counter", "Requests for which no worker had room in time.",
             count.unavailable);
  out.single("retries_total", "counter", "Requests sent again after a worker failed.", count.retries);
  out.single("answers_broken_off_total", "counter",
             "Exchanges that ended early: the worker or the client left.", count.broken_off);
  out.single("bytes_in_total", "counter", "Bytes received from clients.", count.bytes_in);
  out.single("bytes_out_total", "counter", "Bytes sent to clients.", count.bytes_out);
  out.family("answers_total", "counter", "Final answers to clients, the proxy's own included.");
  for (unsigned hundred = 2; hundred < count.answers.size(); ++hundred)
    out.sample(fmt::format("{{code=\"{}xx\"}}", hundred), count.answers[hundred]);
}

void render_by_worker(const proxy& seen, text& out) {
  const auto& pool = seen.shared().pool;
  const auto each = [&](std::string_view name, std::string_view kind, std::string_view help, auto value) {
    out.family(name, kind, help);
    for (const auto& w : pool.all()) out.sample(fmt::format("{{worker=\"{}\"}}", w->name), value(*w));
  };
  each("worker_up", "gauge", "1 if the worker gets requests.",
       [](const worker& w) { return std::uint64_t{w.state.usable()}; });
  each("worker_weight", "gauge", "The worker's weight.",
       [](const worker& w) { return std::uint64_t{w.settings.weight}; });
  each("worker_in_flight", "gauge", "Requests that the worker has.",
       [&](const worker& w) { return std::uint64_t{pool.in_flight(w)}; });
  each("worker_idle_connections", "gauge", "Connections at rest.",
       [](const worker& w) { return std::uint64_t{w.idle()}; });
  each("worker_requests_total", "counter", "Requests given to the worker.",
       [](const worker& w) { return w.counters.requests; });
  each("worker_connections_total", "counter", "Connections opened to the worker.",
       [](const worker& w) { return w.counters.connections; });
  each("worker_bytes_in_total", "counter", "Bytes received from the worker.",
       [](const worker& w) { return w.counters.bytes_in; });
  each("worker_bytes_out_total", "counter", "Bytes sent to the worker.",
       [](const worker& w) { return w.counters.bytes_out; });
  out.family("worker_answers_total", "counter", "Final answers of the worker.");
  for (const auto& w : pool.all())
    for (unsigned hundred = 2; hundred < w->counters.answers.size(); ++hundred)
      out.sample(fmt::format("{{worker=\"{}\",code=\"{}xx\"}}", w->name, hundred),
                 w->counters.answers[hundred]);
  out.family("worker_faults_total", "counter", "Requests that the worker failed.");
  for (const auto& w : pool.all())
    for (std::size_t kind = 0; kind < fault_kinds; ++kind)
      out.sample(fmt::format("{{worker=\"{}\",kind=\"{}\"}}", w->name, to_string(static_cast<fault>(kind))),
                 w->counters.faults[kind]);
}

}  // namespace

std::string render_metrics(const proxy& seen) {
  text out;
  render_clients(seen, out);
  render_by_worker(seen, out);
  return out.take();
}

}  // namespace atelier::lb
