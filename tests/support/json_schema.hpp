// What a value has against a JSON Schema of draft 2020-12: the keywords that our specification uses, and no
// other. Patterns look at code points, and numbers are compared exactly, which draft 7 libraries do not do.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace atelier::test {

enum class unknown_members { taken, refused };

/// Empty: nothing. Each fault begins with where it is (RFC 6901). A $ref leads into the document. A keyword
/// that is not known here throws std::logic_error, so that none goes unchecked.
std::vector<std::string> faults_by_schema(const nlohmann::ordered_json& value,
                                          const nlohmann::ordered_json& schema,
                                          const nlohmann::ordered_json& document,
                                          unknown_members unknown = unknown_members::taken);

}  // namespace atelier::test
