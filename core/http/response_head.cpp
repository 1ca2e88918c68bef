#include "core/http/characters.hpp"
#include "core/http/fields.hpp"

#include <algorithm>
#include <charconv>

namespace atelier::http {

head_outcome parse_response_head(std::string_view bytes, const head_limits& limits, method asked,
                                 response_head& out) {
  const auto line = next_line(bytes, 0);
  if (line.what == line_outcome::kind::bare_lf) return refused(502, "bare LF in head");
  if (line.what == line_outcome::kind::incomplete) {
    if (bytes.size() > limits.head_bytes_max) return refused(502, "head too large");
    const auto start = std::string_view("HTTP/1.").substr(0, bytes.size());
    return bytes.starts_with(start) ? incomplete() : refused(502, "not an HTTP/1 response");
  }
  const auto text = line.text;
  if (text.size() < 12 || text[8] != ' ') return refused(502, "malformed status line");
  if (auto wrong = read_version(text.substr(0, 8), out.minor_version, message::response)) return *wrong;
  const auto [end, error] = std::from_chars(text.data() + 9, text.data() + 12, out.status);
  if (error != std::errc{} || end != text.data() + 12 || out.status < 100 || out.status > 599)
    return refused(502, "malformed status");
  if (text.size() > 12 && text[12] != ' ') return refused(502, "malformed status line");
  out.reason = text.size() > 13 ? text.substr(13) : std::string_view();
  if (std::any_of(out.reason.begin(), out.reason.end(), is_control))
    return refused(502, "control character in status line");

  std::size_t at = text.size() + 2;
  framing_fields seen;
  if (auto stopped = read_fields(bytes, at, limits, out.fields, seen, message::response)) return *stopped;
  if (auto wrong = read_framing(seen, out.minor_version, out.body, out.content_length, message::response))
    return *wrong;
  if (out.body == framing::none) out.body = framing::until_end;
  if (asked == method::head || out.status < 200 || out.status == 204 || out.status == 304)
    out.body = framing::none;
  out.keep_alive = wants_keep_alive(seen, out.minor_version) && out.body != framing::until_end;
  out.upgrade = seen.upgrade;
  return {head_outcome::kind::complete, at, 0, {}};
}

}  // namespace atelier::http
