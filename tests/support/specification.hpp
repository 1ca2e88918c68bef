// The contract as app/api/web/openapi.json says it, and what an answer has against it. What a request has:
// support/sent_request.hpp.
#pragma once

#include "support/http_client.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::test {

class specification {
 public:
  using json = nlohmann::ordered_json;

  /// The one of the sources. Throws where it is not JSON.
  static const specification& of_the_sources();

  explicit specification(std::string_view text);

  const json& document() const { return document_; }

  /// What stands where a $ref may stand. Throws std::runtime_error where it leads nowhere.
  const json& resolved(const json& node) const;

  /// "/reviews/{review_id}" for "/reviews/5/?x=1"; nothing for a path that is not there.
  const json* path_item(std::string_view target) const;
  const json* operation(std::string_view method, std::string_view target) const;

  /// {"review_id": "5"} for "/reviews/5/?x=1", as it was sent.
  std::map<std::string, std::string> path_parameters(std::string_view target) const;

  /// The response that describes this status of an operation: its own, or the default; without an operation
  /// the one of every path.
  const json& response(std::string_view method, std::string_view target, int status) const;
  bool names_status(std::string_view method, std::string_view target, int status) const;

  /// What is not as documented in an answer: status, type, headers, body. Empty: nothing.
  std::vector<std::string> faults(std::string_view method, std::string_view target, const http_answer&) const;

  /// What a value has against a schema, which may be a $ref. Objects may have only the members that are
  /// documented: clients must live with new ones, our own tests must not, or the document falls behind the
  /// program.
  std::vector<std::string> faults_of_value(const json& value, const json& schema) const;

  /// "/reviews/{}", whatever the parameter is called.
  static std::string shape_of(std::string_view path);

 private:
  std::optional<std::string> path_of(std::string_view target) const;
  bool is_documented(std::string_view method, std::string_view target, int status) const;

  json document_;
};

}  // namespace atelier::test
