#include "lb/control.hpp"

#include <boost/asio/ip/address.hpp>

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

// Host without its port and brackets.
std::string_view host_name(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

bool is_address(std::string_view host) {
  boost::system::error_code wrong;
  boost::asio::ip::make_address(std::string(host), wrong);
  return !wrong;
}

// Browsers write both in lower case. How a page came to us is not looked at: something may speak TLS before
// us.
bool is_origin_of(std::string_view origin, std::string_view host) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (origin.starts_with(scheme)) return !host.empty() && origin.substr(scheme.size()) == host;
  return false;
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

std::string_view why_foreign(const access_rule& rule, const http::request_head& head) {
  constexpr std::string_view foreign = "a page of another site may not ask this";
  if (const auto origin = head.fields.find("origin"); origin && !is_origin_of(*origin, head.host))
    return foreign;
  // "none": a person asked, not a page.
  if (const auto site = head.fields.find("sec-fetch-site"); site && *site != "same-origin" && *site != "none")
    return foreign;
  if (rule.needs_token || rule.name.empty()) return {};
  const auto name = host_name(head.host);
  if (is_address(name) || name == "localhost" || name == rule.name) return {};
  return "this name may be another site's: use the IP address, localhost or the name given with --admin, or "
         "set a token";
}

std::string_view why_not(const access_rule& rule, const http::request_head& head) {
  const bool by_browser = head.fields.find("origin") || head.fields.find("sec-fetch-site");
  if (by_browser)
    if (const auto reason = why_foreign(rule, head); !reason.empty()) return reason;
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
