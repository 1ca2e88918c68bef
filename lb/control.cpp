#include "lb/control.hpp"

#include <array>
#include <utility>

namespace atelier::lb {
namespace {

using kind = command::kind;

constexpr std::string_view root = "/workers";
constexpr std::array<std::pair<std::string_view, kind>, 4> verbs{
    {{"drain", kind::drain}, {"ready", kind::ready}, {"remove", kind::remove}, {"weight", kind::weight}}};

bool is_read(http::method verb) { return verb == http::method::get || verb == http::method::head; }

// As long for a wrong token as for the right one.
bool equal_in_constant_time(std::string_view a, std::string_view b) {
  unsigned char differ = a.size() != b.size();
  for (std::size_t i = 0; i < a.size(); ++i)
    differ = static_cast<unsigned char>(differ | (a[i] ^ (b.empty() ? '\0' : b[i % b.size()])));
  return differ == 0;
}

}  // namespace

command read_command(std::string_view path, http::method verb) {
  if (!path.starts_with(root)) return {};
  auto rest = path.substr(root.size());
  if (rest.empty() || rest == "/") {
    if (is_read(verb)) return {kind::list};
    return verb == http::method::post ? command{kind::add} : command{};
  }
  if (rest.front() != '/') return {};
  rest.remove_prefix(1);
  // The name of a worker may be a path: what is to be done stands behind the last slash.
  const auto slash = rest.rfind('/');
  for (const auto& [name, what] : verbs)
    if (slash != rest.npos && rest.substr(slash + 1) == name)
      return verb == http::method::post ? command{what, rest.substr(0, slash)} : command{};
  const bool is_name = slash == rest.npos || rest.starts_with("unix:");
  return is_name && is_read(verb) ? command{kind::show, rest} : command{};
}

std::string_view methods_of(std::string_view path) {
  const bool can_read = read_command(path, http::method::get).what != kind::none;
  const bool can_post = read_command(path, http::method::post).what != kind::none;
  return can_read && can_post ? "GET, HEAD, POST" : can_read ? "GET, HEAD" : can_post ? "POST" : "";
}

std::string_view why_not(const access_rule& rule, const http::request_head& head) {
  if (head.fields.find("origin")) return "pages of other sites may change nothing here";
  if (!rule.needs_token) return {};
  if (rule.token.empty())
    return "changes need a token, and none is set: start with --admin-token-file, or use --control";
  constexpr std::string_view scheme = "bearer ";
  const auto said = head.fields.find("authorization").value_or("");
  if (said.size() > scheme.size() && http::equals_ignoring_case(said.substr(0, scheme.size()), scheme) &&
      equal_in_constant_time(said.substr(scheme.size()), rule.token))
    return {};
  return "changes need the token: Authorization: Bearer TOKEN";
}

}  // namespace atelier::lb
