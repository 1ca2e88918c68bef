#include "core/http/head.hpp"

#include <charconv>
#include <cstring>

namespace atelier::http {
namespace {

// RFC 9110 section 5.6.2: the characters of a token. RFC 9110 section 5.5: those of a field's value.
struct character_classes {
  std::array<bool, 256> token{};
  std::array<bool, 256> value{};
  std::array<bool, 256> target{};
  std::array<bool, 256> host{};

  constexpr character_classes() {
    for (unsigned c = 0; c < 256; ++c) {
      const bool digit = c >= '0' && c <= '9';
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      token[c] = digit || letter;
      host[c] = digit || letter;
      value[c] = c == '\t' || (c >= 0x20 && c != 0x7f);
      target[c] = c > 0x20 && c < 0x7f && c != '#';  // a fragment is never sent (RFC 9112 section 3.2.1)
    }
    for (const char c : std::string_view("!#$%&'*+-.^_`|~")) token[static_cast<unsigned char>(c)] = true;
    for (const char c : std::string_view("-._~%!$&'()*+,;=")) host[static_cast<unsigned char>(c)] = true;
  }
};
constexpr character_classes classes;

bool all_in(std::string_view text, const std::array<bool, 256>& allowed) {
  for (const char c : text)
    if (!allowed[static_cast<unsigned char>(c)]) return false;
  return true;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Calls f for each element of a comma-separated list, empty ones left out (RFC 9110 section 5.6.1).
template <class F>
void for_each_element(std::string_view list, F f) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    const auto element = trim(list.substr(0, comma));
    if (!element.empty()) f(element);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

head_outcome incomplete() { return {head_outcome::kind::incomplete, 0, 0, {}}; }
head_outcome refused(unsigned status, std::string_view reason) {
  return {head_outcome::kind::refused, 0, status, reason};
}

// The next line without its CRLF.
struct line_outcome {
  enum class kind : std::uint8_t { line, incomplete, bare } what;
  std::string_view text;
};

line_outcome next_line(std::string_view bytes, std::size_t from) {
  const auto* start = bytes.data() + from;
  const auto* newline = static_cast<const char*>(std::memchr(start, '\n', bytes.size() - from));
  if (!newline) return {line_outcome::kind::incomplete, bytes.substr(from)};
  if (newline == start || newline[-1] != '\r') return {line_outcome::kind::bare, {}};
  return {line_outcome::kind::line, {start, static_cast<std::size_t>(newline - start) - 1}};
}

method method_of(std::string_view text) {
  if (text == "GET") return method::get;
  if (text == "PUT") return method::put;
  if (text == "POST") return method::post;
  if (text == "HEAD") return method::head;
  if (text == "OPTIONS") return method::options;
  return method::other;
}

// uri-host [ ":" port ] of RFC 3986 section 3.2.2, without user information.
bool is_host(std::string_view host) {
  const auto port_is_right = [](std::string_view port) {
    return port.empty() ||
           (port.front() == ':' && port.size() <= 6 && port.find_first_not_of("0123456789", 1) == port.npos);
  };
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    return end != host.npos && end > 1 &&
           host.substr(1, end - 1).find_first_not_of("0123456789abcdefABCDEF:.") == host.npos &&
           port_is_right(host.substr(end + 1));
  }
  const auto colon = host.find(':');
  return all_in(host.substr(0, colon), classes.host) &&
         (colon == host.npos || port_is_right(host.substr(colon)));
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
  if (question != rest.npos) out.query = rest.substr(question + 1);
  if (out.path.empty()) out.path = "/";
  return true;
}

// HTTP/1.x; a later minor version is spoken to as 1.1 (RFC 9110 section 2.5).
std::optional<head_outcome> read_version(std::string_view text, int& minor, unsigned not_supported) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() != 8 || !text.starts_with("HTTP/") || text[6] != '.' || !digit(text[5]) || !digit(text[7]))
    return refused(not_supported == 505 ? 400 : not_supported, "malformed version");
  if (text[5] != '1') return refused(not_supported, "version is not HTTP/1");
  minor = text[7] == '0' ? 0 : 1;
  return std::nullopt;
}

// What the fields say of framing and of the connection, gathered while they are read.
struct framing_fields {
  unsigned hosts = 0;
  unsigned lengths = 0;
  unsigned encodings = 0;
  bool chunked = false;
  bool other_coding = false;
  bool chunked_last = false;
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool expects_continue = false;
  bool other_expectation = false;
  bool bad_length = false;
  bool bad_coding = false;
  std::uint64_t length = 0;
  std::string_view host;

  void see(std::string_view name, std::string_view value);
};

void framing_fields::see(std::string_view name, std::string_view value) {
  switch (name.size()) {
    case 4:
      if (equals_ignoring_case(name, "host")) ++hosts, host = value;
      break;
    case 6:
      if (equals_ignoring_case(name, "expect"))
        (equals_ignoring_case(value, "100-continue") ? expects_continue : other_expectation) = true;
      break;
    case 10:
      if (equals_ignoring_case(name, "connection"))
        for_each_element(value, [this](std::string_view word) {
          close |= equals_ignoring_case(word, "close");
          keep_alive |= equals_ignoring_case(word, "keep-alive");
          upgrade |= equals_ignoring_case(word, "upgrade");
        });
      break;
    case 14:
      if (equals_ignoring_case(name, "content-length")) {
        ++lengths;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
        bad_length |= value.empty() || value.find_first_not_of("0123456789") != value.npos ||
                      error != std::errc{} || end != value.data() + value.size() || length > INT64_MAX;
      }
      break;
    case 17:
      if (equals_ignoring_case(name, "transfer-encoding")) {
        ++encodings;
        bad_coding |= value.ends_with(',');  // an empty element: to some readers not `chunked`
        for_each_element(value, [this](std::string_view coding) {
          bad_coding |= chunked;  // something behind chunked
          chunked_last = equals_ignoring_case(coding, "chunked");
          (chunked_last ? chunked : other_coding) = true;
        });
      }
      break;
    default:
      break;
  }
}

template <class Head>
std::optional<head_outcome> read_fields(std::string_view bytes, std::size_t& at, const head_limits& limits,
                                        Head& out, framing_fields& seen, bool is_request) {
  const unsigned bad = is_request ? 400 : 502;
  const unsigned too_large = is_request ? 431 : 502;
  out.fields.clear();
  for (;;) {
    const auto line = next_line(bytes, at);
    if (line.what == line_outcome::kind::incomplete) {
      if (bytes.size() > limits.head_bytes_max) return refused(too_large, "head too large");
      return incomplete();
    }
    if (line.what == line_outcome::kind::bare) return refused(bad, "bare LF in head");
    at += line.text.size() + 2;
    if (at > limits.head_bytes_max) return refused(too_large, "head too large");
    if (line.text.empty()) return std::nullopt;
    const auto colon = line.text.find(':');
    if (colon == line.text.npos || colon == 0) return refused(bad, "field without a name");
    const auto name = line.text.substr(0, colon);
    if (!all_in(name, classes.token)) return refused(bad, "malformed field name");
    const auto value = trim(line.text.substr(colon + 1));
    if (!all_in(value, classes.value)) return refused(bad, "control character in field");
    if (!out.fields.add(name, value)) return refused(too_large, "too many fields");
    seen.see(name, value);
  }
}

// RFC 9112 section 6.1 and 6.3: what is ambiguous is refused.
std::optional<head_outcome> read_framing(const framing_fields& seen, int minor, framing& body,
                                         std::uint64_t& length, bool is_request) {
  const unsigned bad = is_request ? 400 : 502;
  if (seen.lengths > 1 || seen.bad_length) return refused(bad, "malformed or repeated Content-Length");
  if (seen.encodings > 0) {
    if (seen.lengths > 0) return refused(bad, "Content-Length beside Transfer-Encoding");
    if (minor == 0) return refused(bad, "Transfer-Encoding in HTTP/1.0");
    if (seen.encodings > 1 || seen.bad_coding || !seen.chunked_last)
      return refused(bad, "malformed Transfer-Encoding");
    if (seen.other_coding) return refused(is_request ? 501 : 502, "transfer coding other than chunked");
    body = framing::chunked;
    return std::nullopt;
  }
  body = seen.lengths == 1 && (seen.length > 0 || !is_request) ? framing::sized : framing::none;
  length = seen.length;
  return std::nullopt;
}

bool wants_keep_alive(const framing_fields& seen, int minor) {
  return !seen.close && (minor == 1 || seen.keep_alive);
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
  if (auto wrong = read_version(line.substr(second + 1), out.minor_version, 505)) return wrong;
  if (!all_in(out.target, classes.target)) return refused(400, "malformed target");
  out.verb = method_of(out.verb_text);
  if (out.verb_text == "CONNECT") return refused(501, "CONNECT");
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

bool equals_ignoring_case(std::string_view text, std::string_view lower_case) {
  if (text.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (lower(text[i]) != lower_case[i]) return false;
  return true;
}

bool list_contains(std::string_view list, std::string_view lower_case_word) {
  bool found = false;
  for_each_element(list, [&](std::string_view element) {
    found |= equals_ignoring_case(trim(element.substr(0, element.find(';'))), lower_case_word);
  });
  return found;
}

std::optional<std::string_view> field_list::find(std::string_view lower_case_name) const {
  for (const auto& f : *this)
    if (equals_ignoring_case(f.name, lower_case_name)) return f.value;
  return std::nullopt;
}

bool field_list::add(std::string_view name, std::string_view value) {
  if (count_ == fields_max) return false;
  fields_[count_++] = {name, value};
  return true;
}

head_outcome parse_request_head(std::string_view bytes, const head_limits& limits, request_head& out) {
  std::size_t at = 0;
  // RFC 9112 section 2.2: an empty line or two before the request line is forgiven.
  while (at < 4 && bytes.substr(at).starts_with("\r\n")) at += 2;
  const auto line = next_line(bytes, at);
  if (line.what == line_outcome::kind::bare) return refused(400, "bare LF in head");
  if (line.what == line_outcome::kind::incomplete) {
    if (line.text.empty() || line.text == "\r") return incomplete();
    return judge_partial_request_line(line.text, limits);
  }
  at += line.text.size() + 2;
  if (auto wrong = read_request_line(line.text, limits, out)) return *wrong;

  framing_fields seen;
  if (auto stopped = read_fields(bytes, at, limits, out, seen, true)) return *stopped;
  if (seen.hosts > 1) return refused(400, "more than one Host");
  if (seen.hosts == 0 && out.minor_version == 1) return refused(400, "no Host");
  if (!is_host(seen.host)) return refused(400, "malformed Host");
  if (auto wrong = read_framing(seen, out.minor_version, out.body, out.content_length, true)) return *wrong;
  if (seen.other_expectation) return refused(417, "unknown expectation");
  out.host = seen.host;
  out.keep_alive = wants_keep_alive(seen, out.minor_version);
  out.expects_continue = seen.expects_continue && out.minor_version == 1;
  out.upgrade = seen.upgrade;
  return {head_outcome::kind::complete, at, 0, {}};
}

head_outcome parse_response_head(std::string_view bytes, const head_limits& limits, method asked,
                                 response_head& out) {
  const auto line = next_line(bytes, 0);
  if (line.what == line_outcome::kind::bare) return refused(502, "bare LF in head");
  if (line.what == line_outcome::kind::incomplete) {
    if (bytes.size() > limits.head_bytes_max) return refused(502, "head too large");
    const auto start = std::string_view("HTTP/1.").substr(0, bytes.size());
    return bytes.starts_with(start) ? incomplete() : refused(502, "not an HTTP/1 response");
  }
  const auto text = line.text;
  if (text.size() < 12 || text[8] != ' ') return refused(502, "malformed status line");
  if (auto wrong = read_version(text.substr(0, 8), out.minor_version, 502)) return *wrong;
  const auto [end, error] = std::from_chars(text.data() + 9, text.data() + 12, out.status);
  if (error != std::errc{} || end != text.data() + 12 || out.status < 100 || out.status > 599)
    return refused(502, "malformed status");
  if (text.size() > 12 && text[12] != ' ') return refused(502, "malformed status line");
  out.reason = text.size() > 13 ? text.substr(13) : std::string_view();
  if (!all_in(out.reason, classes.value)) return refused(502, "control character in status line");

  std::size_t at = text.size() + 2;
  framing_fields seen;
  if (auto stopped = read_fields(bytes, at, limits, out, seen, false)) return *stopped;
  if (auto wrong = read_framing(seen, out.minor_version, out.body, out.content_length, false)) return *wrong;
  if (out.body == framing::none) out.body = framing::until_end;
  if (asked == method::head || out.status < 200 || out.status == 204 || out.status == 304)
    out.body = framing::none;
  out.keep_alive = wants_keep_alive(seen, out.minor_version) && out.body != framing::until_end;
  out.upgrade = seen.upgrade;
  return {head_outcome::kind::complete, at, 0, {}};
}

}  // namespace atelier::http
