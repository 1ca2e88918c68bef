// Answers that the proxy gives itself: one line of plain text that begins with `Error: `, or problem details
// (RFC 9457) for clients that ask for them. Browsers may read them: CORS as in the contract.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace atelier::lb {

struct error_answer {
  unsigned status = 502;
  std::string_view sentence;  // without `Error: ` and without a line end
  bool as_problem = false;    // Accept names application/problem+json
  bool without_body = false;  // the answer to a HEAD
  bool keep_alive = true;
  int minor_version = 1;                // of the client
  std::string_view request_id = {};     // empty: not said
  std::chrono::seconds retry_after{0};  // 0: not said
};

/// Appends head and body to `out`.
void write_error_answer(const error_answer& answer, std::string& out);

}  // namespace atelier::lb
