#include "lb/error_answer.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace atelier::lb;

namespace {

std::string written(const error_answer& answer) {
  std::string out;
  write_error_answer(answer, out);
  return out;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("the proxy's own answers are one line of text that browsers may read") {
  const auto text = written(
      {.status = 503, .sentence = "no worker", .request_id = "r1", .retry_after = std::chrono::seconds(1)});
  CHECK(
      text.starts_with("HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; "
                       "charset=utf-8\r\nContent-Length: 16\r\n"));
  CHECK(has(text, "\r\nAccess-Control-Allow-Origin: *\r\n"));
  CHECK(has(text, "\r\nRetry-After: 1\r\n"));
  CHECK(has(text, "\r\nX-Request-Id: r1\r\n"));
  CHECK(text.ends_with("\r\n\r\nError: no worker"));
}

TEST_CASE("problem details for clients that ask for them") {
  const auto text = written({.status = 502, .sentence = "x", .as_problem = true});
  CHECK(has(text, "Content-Type: application/problem+json\r\n"));
  CHECK(text.ends_with(R"({"type":"about:blank","title":"Bad Gateway","status":502,"detail":"Error: x"})"));
}

TEST_CASE("the answer to a HEAD has no body and says its length") {
  const auto text = written({.status = 502, .sentence = "x", .without_body = true, .keep_alive = false});
  CHECK(has(text, "Content-Length: 8\r\n"));
  CHECK(has(text, "Connection: close\r\n"));
  CHECK(text.ends_with("\r\n\r\n"));
}
