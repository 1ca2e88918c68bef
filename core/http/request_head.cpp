#include "core/hex.hpp"
#include "core/http/characters.hpp"
#include "core/http/fields.hpp"

#include <algorithm>
#include <cstring>

namespace atelier::http {
namespace {

method method_of(std::string_view text) {
  if (text == "GET") return method::get;
  if (text == "PUT") return method::put;
  if (text == "POST") return method::post;
  if (text == "HEAD") return method::head;
  if (text == "OPTIONS") return method::options;
  return method::other;
}

// A % and a byte in hexadecimal (RFC 3986 section 2.1) at the beginning of `text`.
bool begins_encoded(std::string_view text) {
  return text.size() >= 3 && text[0] == '%' && hex_digit(text[1]) >= 0 && hex_digit(text[2]) >= 0;
}

// [ ":" port ]: digits or none, and a number that TCP has.
bool is_port(std::string_view text) {
  if (text.empty()) return true;
  if (text.front() != ':' || text.size() > sizeof(":65535") - 1) return false;
  unsigned number = 0;
  for (const char c : text.substr(1)) {
    if (!is_digit(c)) return false;
    number = number * 10 + static_cast<unsigned>(c - '0');
  }
  return number <= 65'535;
}

// uri-host [ ":" port ] of RFC 3986 section 3.2.2, without user information. It may be empty (RFC 9112
// section 3.2), but not before a port (RFC 9110 section 4.2.1).
bool is_host(std::string_view host) {
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    return end != host.npos && end > 1 &&
           host.substr(1, end - 1).find_first_not_of("0123456789abcdefABCDEF:.") == host.npos &&
           is_port(host.substr(end + 1));
  }
  std::size_t at = 0;
  while (at < host.size() &&
         (classes.host[static_cast<unsigned char>(host[at])] || begins_encoded(host.substr(at))))
    ++at;
  return at == 0 ? host.empty() : is_port(host.substr(at));
}

// Each % begins a byte in hexadecimal. In a query browsers send others (URL Standard: what people type into a
// form's address), so that there it is the reader's to judge.
bool is_encoded_rightly(std::string_view path) {
  for (auto at = path.find('%'); at != path.npos; at = path.find('%', at + 1))
    if (!begins_encoded(path.substr(at))) return false;
  return true;
}

// Splits the target into authority, path and query; false if it has none of the forms of RFC 9112
// section 3.2.
bool read_target(request_head& out) {
  auto rest = out.target;
  out.authority = {};
  out.query = {};
  if (rest == "*") {
    out.path = rest;
    return out.verb == method::options;
  }
  if (!rest.starts_with('/')) {
    const auto scheme = rest.find("://");
    if (scheme == rest.npos) return false;
    if (!equals_ignoring_case(rest.substr(0, scheme), "http") &&
        !equals_ignoring_case(rest.substr(0, scheme), "https"))
      return false;
    rest.remove_prefix(scheme + 3);
    const auto end = std::min(rest.find_first_of("/?"), rest.size());
    out.authority = rest.substr(0, end);
    if (out.authority.empty() || !is_host(out.authority)) return false;
    rest.remove_prefix(end);
  }
  const auto question = rest.find('?');
  out.path = rest.substr(0, question);
  if (!is_encoded_rightly(out.path)) return false;
  if (question != rest.npos) out.query = rest.substr(question + 1);
  // Of a whole server (RFC 9112 section 3.2.4).
  const bool is_of_server = out.verb == method::options && question == rest.npos;
  if (out.path.empty()) out.path = is_of_server ? "*" : "/";
  return true;
}

constexpr std::size_t method_bytes_max = 64;

std::optional<head_outcome> read_request_line(std::string_view line, const head_limits& limits,
                                              request_head& out) {
  const auto first = line.find(' ');
  out.verb_text = line.substr(0, first);
  if (first == line.npos || first == 0 || first > method_bytes_max || !all_in(out.verb_text, classes.token))
    return refused(400, "malformed request line");
  const auto second = line.find(' ', first + 1);
  if (second == line.npos || second == first + 1) return refused(400, "malformed request line");
  out.target = line.substr(first + 1, second - first - 1);
  if (out.target.size() > limits.target_bytes_max) return refused(414, "target too long");
  if (auto wrong = read_version(line.substr(second + 1), out.minor_version, message::request)) return wrong;
  if (!all_in(out.target, classes.target)) return refused(400, "malformed target");
  out.verb = method_of(out.verb_text);
  if (out.verb_text == "CONNECT") return refused(501, "CONNECT is not supported here");
  if (!read_target(out)) return refused(400, "malformed target");
  return std::nullopt;
}

// A first line that has not ended yet: refuse early what can never become right.
head_outcome judge_partial_request_line(std::string_view line, const head_limits& limits) {
  const auto space = line.find(' ');
  auto verb = line.substr(0, space);
  if (space == line.npos && verb.ends_with('\r')) verb.remove_suffix(1);
  if (!all_in(verb, classes.token)) return refused(400, "malformed request line");
  if (space == line.npos && line.size() > method_bytes_max) return refused(400, "malformed request line");
  if (space != line.npos && line.size() - space > limits.target_bytes_max + sizeof(" HTTP/1.1\r"))
    return refused(414, "target too long");
  if (line.size() > limits.head_bytes_max) return refused(431, "head too large");
  return incomplete();
}

}  // namespace

head_outcome parse_request_head(std::string_view bytes, const head_limits& limits, request_head& out) {
  std::size_t at = 0;
  // RFC 9112 section 2.2: an empty line or two before the request line is forgiven.
  while (at < 4 && bytes.size() >= at + 2 && bytes[at] == '\r' && bytes[at + 1] == '\n') at += 2;
  const auto line = next_line(bytes, at);
  if (line.what == line_outcome::kind::bare_lf) return refused(400, "bare LF in head");
  if (line.what == line_outcome::kind::incomplete) {
    if (line.text.empty() || line.text == "\r") return incomplete();
    return judge_partial_request_line(line.text, limits);
  }
  at += line.text.size() + 2;
  if (auto wrong = read_request_line(line.text, limits, out)) return *wrong;

  framing_fields seen;
  if (auto stopped = read_fields(bytes, at, limits, out.fields, seen, message::request)) return *stopped;
  if (seen.hosts > 1) return refused(400, "more than one Host");
  if (seen.hosts == 0 && out.minor_version == 1) return refused(400, "no Host");
  if (!is_host(seen.host)) return refused(400, "malformed Host");
  if (auto wrong = read_framing(seen, out.minor_version, out.body, out.content_length, message::request))
    return *wrong;
  if (seen.other_expectation) return refused(417, "unknown expectation");
  out.host = seen.host;
  out.keep_alive = wants_keep_alive(seen, out.minor_version);
  out.expects_continue = seen.expects_continue && out.minor_version == 1;
  out.upgrade = seen.upgrade;
  return {head_outcome::kind::complete, at, 0, {}};
}

}  // namespace atelier::http
