#include "lb/error_answer.hpp"

#include "core/http/message.hpp"
#include "core/http/problem.hpp"

#include <fmt/format.h>

#include <iterator>

namespace atelier::lb {

void write_error_answer(const error_answer& answer, std::string& out) {
  // Our sentences are literals without quotes or control characters: nothing to escape.
  const auto body =
      answer.as_problem
          ? fmt::format(R"({{"type":"about:blank","title":"{}","status":{},"detail":"Error: {}"}})",
                        http::reason_phrase(answer.status), answer.status, answer.sentence)
          : fmt::format("Error: {}", answer.sentence);
  auto to = std::back_inserter(out);
  fmt::format_to(to, "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nDate: {}\r\n",
                 answer.status, http::reason_phrase(answer.status),
                 answer.as_problem ? http::problem_type : http::text_type, body.size(), http::date_now());
  out += http::cors_fields;
  out += "Cache-Control: no-store\r\n";
  if (answer.retry_after.count() > 0) fmt::format_to(to, "Retry-After: {}\r\n", answer.retry_after.count());
  if (!answer.request_id.empty()) fmt::format_to(to, "X-Request-Id: {}\r\n", answer.request_id);
  if (!answer.keep_alive)
    out += "Connection: close\r\n";
  else if (answer.minor_version == 0)
    out += "Connection: keep-alive\r\n";
  out += "\r\n";
  if (!answer.without_body) out += body;
}

}  // namespace atelier::lb
