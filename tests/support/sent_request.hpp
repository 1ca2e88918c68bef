// A request as a client sent it, and what the specification has against it.
#pragma once

#include "support/specification.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::test {

struct sent_request {
  std::string method;
  std::string target;
  http_headers headers = {};
  std::string body = {};
};

/// What is not as documented: parameters, headers, the body. Empty: nothing. Of a path or a method that is
/// not there: nothing.
std::vector<std::string> faults_of_request(const specification& spec, const sent_request& sent);

/// Where the program and the document do not agree on what may be sent: what was taken must be as documented;
/// what is not as documented must be refused; and what is as documented must not be refused as invalid,
/// unless it breaks a rule that only the document's prose can say.
std::vector<std::string> disagreements(const specification& spec, const sent_request& sent,
                                       const http_answer& answer);

/// A rule that no JSON Schema can say.
struct prose_rule {
  std::string_view prose;  // as the document has it
  bool (*is_broken)(const sent_request& sent, const http_answer& answer);
};
std::span<const prose_rule> rules_in_prose();

}  // namespace atelier::test
