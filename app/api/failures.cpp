#include "app/api/failures.hpp"

#include "app/api/json.hpp"
#include "core/http/problem.hpp"
#include "core/log.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace atelier::api {

void throw_exception_from_error(const refusal& r, const boost::source_location&) {
  throw std::logic_error("the value of a refusal was taken: " + r.sentence);
}

refusal invalid(std::string sentence, std::string field, std::string reason) {
  return {422, std::move(sentence), {{std::move(field), std::move(reason)}}, {}};
}

refusal not_found(std::string sentence) { return {404, std::move(sentence), {}, {}}; }

refusal method_not_allowed(std::string_view allowed) {
  return {405,
          fmt::format("Error: method not allowed here; allowed: {}", allowed),
          {},
          fmt::format("Allow: {}\r\n", allowed)};
}

namespace {

constexpr auto retry = "Retry-After: 1\r\n";

}  // namespace

refusal of_database(const db::error& error) {
  if (error.may_have_run) {
    refusal unknown{503,
                    "Error: the database was lost while writing; the write may have been applied, look "
                    "before you send it again",
                    {},
                    retry};
    unknown.for_our_log = db::to_string(error.what);
    return unknown;
  }
  switch (error.what) {
    case db::errc::overloaded:
      return {503, "Error: too many requests are waiting, try again", {}, retry};
    case db::errc::unavailable:
    case db::errc::connection_lost:
      return {503, "Error: the database is not available, try again", {}, retry};
    case db::errc::timed_out:
      return {504, "Error: the database did not answer in time, try again", {}, {}};
    case db::errc::rejected:
      break;
  }
  // Conflicts (40), no resources (53), an operator's doing (57), I/O (58), a standby (25006): not the
  // statement's fault.
  for (const std::string_view passing : {"40", "53", "57", "58", "25006"})
    if (error.sqlstate.starts_with(passing))
      return {503, "Error: the database is not available, try again", {}, retry};
  refusal ours{500, "Error: internal error, the server's log says more", {}, {}};
  ours.for_our_log = fmt::format("{}, sqlstate {}", db::to_string(error.what), error.sqlstate);
  return ours;
}

void log_refusal(const refusal& r, std::string_view request_id, std::string_view route) {
  if (r.for_our_log.empty()) return;
  if (r.status == 500)
    log::error(
        "a request failed by a fault of ours; look at the statement that was rejected just before"
        " request_id={} route={} status={} reason={:?}",
        request_id, route, r.status, r.for_our_log);
  else
    log::error(
        "a write may have been applied, and its client was told to look before it is sent again"
        " request_id={} route={} status={} reason={:?}",
        request_id, route, r.status, r.for_our_log);
}

refusal no_room() {
  return {
      503, "Error: too many large answers are being sent, ask for less at a time, or try again", {}, retry};
}

refusal of_framing(unsigned status, std::string_view reason) {
  return {status, fmt::format("Error: {}", reason), {}, {}};
}

http::response render(const refusal& r, bool as_problem) {
  http::response answer{.status = r.status,
                        .content_type = http::text_type,
                        .fields = std::string(http::cors_fields) + r.further_fields};
  if (!as_problem) {
    answer.body = r.sentence;
    return answer;
  }
  answer.content_type = http::problem_type;
  auto& out = answer.body;
  out += R"({"type":"about:blank","title":)";
  append_json_string(out, http::reason_phrase(r.status));
  fmt::format_to(std::back_inserter(out), R"(,"status":{},"detail":)", r.status);
  append_json_string(out, r.sentence);
  if (!r.fields.empty()) {
    out += R"(,"errors":[)";
    for (const auto& [field, reason] : r.fields) {
      out += out.back() == '[' ? R"({"field":)" : R"(,{"field":)";
      append_json_string(out, field);
      out += R"(,"reason":)";
      append_json_string(out, reason);
      out += '}';
    }
    out += ']';
  }
  out += '}';
  return answer;
}

}  // namespace atelier::api
