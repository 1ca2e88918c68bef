#include "app/option_types.hpp"
#include "app/program.hpp"
#include "core/log.hpp"
#include "core/open_files.hpp"
#include "core/options.hpp"
#include "lb/run.hpp"

#include <algorithm>
#include <fstream>
#include <memory>

namespace atelier::app {
namespace {

bool is_visible(char c) { return c > ' ' && c < 0x7f; }

void add_addresses(CLI::App& role, lb::settings& s) {
  add_address(role, "--listen", s.listen, "Where clients connect");
  role.add_option_function<std::vector<std::string>>(
          "--worker",
          [&s](const std::vector<std::string>& all) {
            for (const auto& text : all) s.workers.push_back(*lb::parse_worker(text));
          },
          "A worker. One of weight 2 gets twice the requests of one of weight 1 (the "
          "default); "
          "max is how many it may have in flight (default: no limit)")
      ->check(readable_by(lb::parse_worker))
      ->type_name("HOST:PORT|unix:PATH[,weight=N][,max=N]")
      ->required();
  add_address(role, "--admin", s.admin,
              "Where operators have a page, read /live, /ready, /metrics and /workers, and change workers "
              "(default: nowhere)");
  role.add_flag("--share-port", s.share_port, "Let several processes listen on the same port (SO_REUSEPORT)");
}

void add_client_limits(CLI::App& role, lb::limits& l) {
  add_count<std::size_t>(role, "--connections-max", l.connections_max,
                         "Clients' connections; beyond, none is accepted", 1, 1'000'000);
  add_count<std::size_t>(role, "--head-bytes-max", l.head.head_bytes_max,
                         "Bytes of a request's or answer's head: 431", 1024, 64 * 1024);
  add_count<std::size_t>(role, "--target-bytes-max", l.head.target_bytes_max,
                         "Bytes of a request's target: 414", 64, 32 * 1024);
  add_time(role, "--head-timeout", l.head_timeout,
           "From the first byte of a request to the end of its head: 408");
  add_time(role, "--idle-timeout", l.idle_timeout, "A client's connection between two requests");
  add_time(role, "--body-timeout", l.body_timeout, "Silence while a body is sent or received");
  add_count<std::size_t>(role, "--body-bytes-max", l.body_bytes_max,
                         "Bytes of a request's body as it is sent: 413; 0: no limit", 0,
                         std::size_t{1} << 50);
  add_time_or_none(role, "--total-timeout", l.total_timeout,
                   "From a request's whole head to the end of its answer: 504");
  add_time(role, "--linger-timeout", l.linger_timeout,
           "How long a client whose request was refused may go on sending");
  add_time(role, "--drain-timeout", l.drain_timeout, "From SIGTERM until connections still open are cut");
}

void add_clients(CLI::App& role, lb::limits& l) {
  add_count<unsigned>(role, "--client-connections-max", l.client.connections_max,
                      "Connections of one client's address: 429; 0: no limit", 0, 1'000'000);
  add_count<unsigned>(role, "--client-rate", l.client.rate,
                      "Requests a second of one client's address: 429; 0: no limit", 0, 1'000'000);
  add_count<unsigned>(role, "--client-burst", l.client.burst,
                      "Requests that may come at once; 0: as many as in a second", 0, 1'000'000);
  role.add_option_function<std::vector<std::string>>(
          "--trusted-proxy",
          [&l](const std::vector<std::string>& all) {
            for (const auto& text : all) (void)l.trusted_proxies.add(text);
          },
          "Whose Forwarded and X-Forwarded-… are believed and added to, instead of replaced")
      ->check(readable_by([](const std::string& text) { return lb::networks().add(text); }))
      ->type_name("ADDRESS[/BITS]");
  role.add_flag(
      "--proxy-protocol", l.proxy_protocol,
      "Every connection begins with a PROXY protocol header, version 1 or 2, that names the client");
  add_choice<bool>(role, "--upgrade", l.tunnel, "ignore|tunnel", {{"ignore", false}, {"tunnel", true}},
                   "Requests to switch to another protocol: pass over Upgrade, or tunnel")
      ->default_str("ignore");
  add_time(role, "--tunnel-timeout", l.tunnel_timeout, "Silence on a connection that was switched");
}

void add_worker_limits(CLI::App& role, lb::limits& l) {
  add_time(role, "--connect-timeout", l.connect_timeout, "For a connection to a worker");
  add_time(role, "--answer-timeout", l.answer_timeout,
           "From the end of a request to the first byte of its answer: 504");
  add_time(role, "--worker-idle-timeout", l.worker_idle_timeout,
           "How long a worker's connection rests; less than the worker lets it");
  add_count<std::size_t>(role, "--worker-idle-max", l.worker_idle_max, "Connections that rest, a worker", 0,
                         100'000);
  add_count<std::size_t>(role, "--answer-bytes-max", l.answer_bytes_max,
                         "Bytes of an answer held for a slow client", 16 * 1024, 64 * 1024 * 1024);
  add_count<std::size_t>(role, "--queue-max", l.queue_max,
                         "Requests that wait when every worker has its max; beyond: 503", 0, 1'000'000);
  add_time(role, "--queue-timeout", l.queue_timeout, "How long they wait: 503");
  add_count<unsigned>(role, "--retries-max", l.retries_max,
                      "How often a request is sent again where that is safe", 0, 10);
  add_time(role, "--slow-start", l.slow_start,
           "In which the weight of a worker that came back grows to all of it");
  add_count<unsigned>(role, "--panic-percent", l.panic_percent,
                      "With fewer healthy workers than this all get requests; 0: never", 0, 100);
  auto* const percent = add_count<unsigned>(
      role, "--affinity-percent", l.affinity_percent,
      "Reads that belong together (--affinity-by) go to one worker while it has less than this part of its "
      "fair share of all requests in flight; 101 or more; 0: each to the least busy",
      0, 1000);
  percent->check([](const std::string& text) {
    return text == "0" || std::stoi(text) > 100
               ? ""
               : "'" + text + "' is less than a fair share: write 0, or more than 100";
  });
  add_choice<lb::affinity>(role, "--affinity-by", l.affinity_by, "target|route",
                           {{"target", lb::affinity::target}, {"route", lb::affinity::route}},
                           "Which reads belong together: of one target, which a worker's cache keeps, or of "
                           "one path but for its numbers, which share a worker's statements")
      ->default_str("target")
      ->needs(percent);
  add_count<unsigned>(role, "--retry-budget-percent", l.budget.percent,
                      "Requests being sent again, of those in flight (at least 3); more wait", 0, 100);
}

void add_health(CLI::App& role, lb::probe_rules& p, lb::health_rules& h) {
  role.add_option("--probe-path", p.path, "What is asked of each worker; 2xx and 3xx are good")
      ->type_name("PATH")
      ->check([](const std::string& text) {
        const bool is_path = text.starts_with('/') && std::all_of(text.begin(), text.end(), is_visible);
        return is_path ? "" : "'" + text + "' is no path: write one that begins with /, such as /ready";
      })
      ->capture_default_str();
  add_time(role, "--probe-interval", p.interval, "Between two probes of a worker");
  add_time(role, "--probe-timeout", p.timeout, "For a probe's answer");
  add_count<unsigned>(role, "--probe-rise", h.rise, "Good probes in a row that bring a worker back", 1, 1000);
  add_count<unsigned>(role, "--probe-fall", h.fall, "Bad probes in a row that take a worker out", 1, 1000);
  add_count<unsigned>(role, "--errors-max", h.errors_max,
                      "Answers 500, 502 or 504 in a row that do the same as --failures-max; 0: none", 0,
                      1'000'000);
  add_count<unsigned>(role, "--failures-max", h.failures_max,
                      "Failed requests in a row that put a worker aside", 1, 1'000'000);
  add_time(role, "--aside-time", h.aside, "For how long the first time; twice as long each time after");
  add_time(role, "--aside-time-max", h.aside_max, "And never longer than this");
}

// The role, ready to run; kept as a type of its own so that its settings can be read again.
struct lb_action {
  std::shared_ptr<lb::settings> wanted;
  int operator()() const;
};

// A client's request holds a connection to a worker: two descriptors.
void fit(lb::limits& bounds) { bounds.connections_max = connections_that_fit(bounds.connections_max, 2); }

std::vector<std::string> without(std::vector<std::string> all, const std::vector<std::string>& others) {
  for (const auto& one : others)
    if (const auto at = std::find(all.begin(), all.end(), one); at != all.end()) all.erase(at);
  return all;
}

result<std::string> token_of(const lb_action& asked) {
  std::string token = environment_variable("ATELIER_LB_ADMIN_TOKEN").value_or("");
  if (asked.wanted->token_file.empty()) return token;
  std::ifstream file(asked.wanted->token_file);
  if (!(file >> token))
    return fail("the token in '{}' cannot be read: write one word into the file, and let this user read it",
                asked.wanted->token_file);
  return token;
}

lb::reader settings_reader(std::vector<std::string> before) {
  return [before = std::move(before)]() mutable -> result<lb::reread> {
    const auto read = read_again();
    if (!read) return read.error();
    const auto* asked = read->chosen.target<lb_action>();
    lb::reread what{*asked->wanted, without(read->arguments, before), without(before, read->arguments)};
    fit(what.wanted.bounds);
    before = read->arguments;
    return what;
  };
}

int lb_action::operator()() const {
  log::open("lb");
  fit(wanted->bounds);
  const auto first = read_again();
  auto token = token_of(*this);
  auto ended = token ? result<>() : result<>(token.error());
  if (token) wanted->admin_token = std::move(*token);
  if (token) ended = lb::run(*wanted, settings_reader(first ? first->arguments : std::vector<std::string>()));
  return ended ? 0 : report(ended.error());
}

void add_control(CLI::App& role, lb::settings& s) {
  role.add_option(
          "--control", s.control,
          "A socket for operators, private to this user: the pages of --admin, and changes without a token")
      ->type_name("SOCKET");
  role.add_flag(
          "--takeover", s.take_over,
          "Take the listening sockets from the process that runs with the same --control, which then drains; "
          "start as usual where there is none")
      ->needs("--control");
  role.add_option("--admin-token-file", s.token_file,
                  "The word in this file (or in ATELIER_LB_ADMIN_TOKEN) allows changes by --admin; without "
                  "one only a "
                  "loopback address does")
      ->type_name("FILE");
}

}  // namespace

void add_lb(CLI::App& program, action& chosen) {
  auto& role = *program.add_subcommand(
      "lb", "Spread requests over workers: least requests in flight, health probes, safe retries");
  const auto wanted = std::make_shared<lb::settings>();
  add_addresses(role, *wanted);
  add_control(role, *wanted);
  add_client_limits(role, wanted->bounds);
  add_clients(role, wanted->bounds);
  add_worker_limits(role, wanted->bounds);
  add_health(role, wanted->probes, wanted->health);
  add_access_log(role, wanted->access);
  role.callback([&chosen, wanted] { chosen = lb_action{wanted}; });
}

}  // namespace atelier::app
