#include "app/api/operations.hpp"

#include "core/http/problem.hpp"
#include "core/process_metrics.hpp"

namespace atelier::api {

std::string operations_service::metrics() const {
  metrics_page page;
  add_requests(page);
  add_clients(page);
  add_database(page);
  add_cache(page);
  add_writes(page);
  add_process(page, "api");
  return page.text();
}

// Every class of every route from the start: a rate sees the first failure only beside an earlier zero.
void operations_service::add_requests(metrics_page& page) const {
  const auto& counted = api_.counted();
  const auto label = [](std::size_t r) { return std::string(name_of(static_cast<route>(r))); };
  for (std::size_t r = 0; r < route_count; ++r)
    for (std::size_t status = 2; status < counted.answers[r].size(); ++status)
      page.counter("atelier_api_requests_total", "Requests answered, by route and class of status",
                   static_cast<double>(counted.answers[r][status]),
                   {{"route", label(r)}, {"status", std::to_string(status) + "xx"}});
  for (std::size_t r = 0; r < route_count; ++r)
    if (const auto& times = counted.database_times[r]; times.total() > 0)
      page.times("atelier_api_database_request_seconds",
                 "Requests that had to wait for the database, from their last byte to their answer", times,
                 {{"route", label(r)}});
  page.gauge("atelier_api_requests_in_flight", "Requests that wait for the database now",
             static_cast<double>(counted.in_flight))
      .gauge("atelier_api_requests_in_flight_max", "Beyond so many, a request is answered 503 at once",
             static_cast<double>(api_.requests_in_flight_max()));
}

void operations_service::add_clients(metrics_page& page) const {
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
      .gauge("atelier_api_connections_max", "Beyond so many, none is accepted",
             static_cast<double>(clients_.connections_max()))
      .gauge("atelier_api_unsent_bytes", "Bytes held of answers that clients have not taken yet",
             static_cast<double>(clients_.unsent_bytes().held()))
      .gauge("atelier_api_unsent_bytes_max", "Beyond so many, a large answer is 503",
             static_cast<double>(clients_.unsent_bytes().bytes_max()));
  if (const auto* log = clients_.log())
    page.counter("atelier_api_access_log_lines_total", "Lines of the access log",
                 static_cast<double>(log->lines()))
        .counter("atelier_api_access_log_dropped_total", "Lines that had no room or could not be written",
                 static_cast<double>(log->dropped()));
}

void operations_service::add_database(metrics_page& page) const {
  const auto& counted = database_.counted();
  page.gauge("atelier_api_db_connections", "Database connections that are ready",
             static_cast<double>(database_.connected()))
      .gauge("atelier_api_db_connections_max", "Database connections that there should be",
             static_cast<double>(database_.connections_wanted()))
      .counter("atelier_api_db_connections_opened_total", "Database connections that became ready",
               static_cast<double>(counted.opened))
      .counter("atelier_api_db_connections_lost_total", "Ready database connections that broke",
               static_cast<double>(counted.lost))
      .gauge("atelier_api_db_statements_in_flight", "Statements queued or sent and not yet answered",
             static_cast<double>(database_.load()))
      .counter("atelier_api_db_statements_total", "Statements sent", static_cast<double>(counted.statements))
      .counter("atelier_api_db_reads_gathered_total", "Reads that went as part of another's statement",
               static_cast<double>(counted.gathered))
      .counter("atelier_api_db_round_trips_total",
               "Turns in which they were sent: those that go together share a round trip",
               static_cast<double>(counted.round_trips))
      .counter("atelier_api_db_reads_repeated_total", "Reads sent again because their connection broke",
               static_cast<double>(counted.repeated));
  for (std::size_t kind = 0; kind < counted.errors.size(); ++kind)
    page.counter("atelier_api_db_errors_total", "Statements that failed, repeats that helped left out",
                 static_cast<double>(counted.errors[kind]),
                 {{"kind", db::label_of(static_cast<db::errc>(kind))}});
  page.times("atelier_api_db_statement_seconds", "From a statement's sending to its answer",
             counted.answer_times);
}

void operations_service::add_cache(metrics_page& page) const {
  const auto& counted = cache_.counted();
  const auto reads = [&](const char* outcome, std::uint64_t n) {
    page.counter("atelier_api_cache_reads_total",
                 "Reads by what the cache did for them: hit, miss, joined a query under way, bypassed it",
                 static_cast<double>(n), {{"outcome", outcome}});
  };
  reads("hit", counted.hits);
  reads("miss", counted.misses);
  reads("joined", counted.joined);
  reads("bypassed", counted.bypassed);
  page.counter("atelier_api_cache_dropped_total",
               "Answers dropped because something they are made of changed",
               static_cast<double>(counted.dropped))
      .counter("atelier_api_cache_evicted_total", "Answers dropped to make room",
               static_cast<double>(counted.evicted))
      .gauge("atelier_api_cache_bytes", "Bytes of answers kept", static_cast<double>(cache_.bytes()))
      .gauge("atelier_api_cache_bytes_max", "Bytes of answers that may be kept; 0: the cache is off",
             static_cast<double>(cache_.bytes_max()))
      .gauge("atelier_api_cache_answers", "Answers kept", static_cast<double>(cache_.size()))
      .gauge("atelier_api_cache_usable", "1 while this worker may use what it keeps",
             truth_.may_use_cache() ? 1 : 0)
      .gauge("atelier_api_cache_workers", "Workers that may keep answers, as far as this one knows",
             static_cast<double>(truth_.members()));
}

void operations_service::add_writes(metrics_page& page) const {
  const auto& written = api_.written();
  page.counter("atelier_api_votes_total", "Votes and reports sent to the database",
               static_cast<double>(written.votes))
      .counter("atelier_api_vote_batches_total", "Statements, and commits, that they took",
               static_cast<double>(written.vote_batches))
      .counter("atelier_api_write_leases_total",
               "Writes that waited a whole lease because another worker did not say that it knew of them",
               static_cast<double>(truth_.whole_leases_waited()));
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
