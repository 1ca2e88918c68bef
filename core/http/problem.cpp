#include "core/http/problem.hpp"

#include "core/http/characters.hpp"

namespace atelier::http {

bool accepts_problem(const field_list& fields) {
  for (const auto& f : fields)
    if (equals_ignoring_case(f.name, "accept") && list_contains(f.value, problem_type)) return true;
  return false;
}

bool accepts_problem(std::string_view bytes) {
  constexpr std::string_view accept = "accept:";
  for (bool first = true; !bytes.empty(); first = false) {
    const auto newline = bytes.find('\n');
    auto line = bytes.substr(0, newline);
    bytes.remove_prefix(newline == bytes.npos ? bytes.size() : newline + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() && !first) return false;
    if (equals_ignoring_case(line.substr(0, accept.size()), accept) &&
        list_contains(line.substr(accept.size()), problem_type))
      return true;
  }
  return false;
}

}  // namespace atelier::http
