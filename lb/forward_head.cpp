#include "lb/forward_head.hpp"

#include "core/http/message.hpp"
#include "core/http/request_id.hpp"
#include "lb/head_writer.hpp"
#include "lb/max_forwards.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

namespace atelier::lb {
namespace {

using http::equals_ignoring_case;
using http::framing;
using http::method;

// What becomes of a field that has a meaning for us. All others are passed on.
enum class rule : std::uint8_t {
  pass,
  drop,            // hop-by-hop, or written by us
  connection,      // hop-by-hop, and names others
  content_length,  // written by us; of an answer without a body passed on
  request_id,
  traceparent,
  tracestate,  // belongs to its traceparent
  idempotency_key,
  max_forwards,
  forwarded,  // lists, of a trusted client added to, else replaced
  forwarded_for,
  forwarded_host,  // of a trusted client passed on, else replaced
  forwarded_proto,
  twin,  // of a field that we write
};

// The names of the fields that we write and that have a hyphen. What makes variables of fields, as CGI does
// (RFC 3875 section 4.1.18), cannot tell it from an underscore and would read a stranger's X_Forwarded_For as
// ours.
constexpr std::string_view written_with_hyphen[] = {"x-request-id",      "content-length",
                                                    "x-forwarded-for",   "x-forwarded-host",
                                                    "x-forwarded-proto", "transfer-encoding"};

bool is_twin(std::string_view name) {
  if (name.find('_') == name.npos) return false;
  std::string hyphened(name);
  std::replace(hyphened.begin(), hyphened.end(), '_', '-');
  const auto is_it = [&](std::string_view ours) { return equals_ignoring_case(hyphened, ours); };
  return std::any_of(std::begin(written_with_hyphen), std::end(written_with_hyphen), is_it);
}

rule rule_of(std::string_view name) {
  switch (name.size()) {
    case 2:
      return equals_ignoring_case(name, "te") ? rule::drop : rule::pass;
    case 4:
      return equals_ignoring_case(name, "host") ? rule::drop : rule::pass;
    case 6:
      return equals_ignoring_case(name, "expect") ? rule::drop : rule::pass;
    case 7:
      return equals_ignoring_case(name, "trailer") || equals_ignoring_case(name, "upgrade") ? rule::drop
                                                                                            : rule::pass;
    case 9:
      return equals_ignoring_case(name, "forwarded") ? rule::forwarded : rule::pass;
    case 10:
      if (equals_ignoring_case(name, "connection")) return rule::connection;
      if (equals_ignoring_case(name, "tracestate")) return rule::tracestate;
      return equals_ignoring_case(name, "keep-alive") ? rule::drop : rule::pass;
    case 11:
      return equals_ignoring_case(name, "traceparent") ? rule::traceparent : rule::pass;
    case 12:
      if (equals_ignoring_case(name, "max-forwards")) return rule::max_forwards;
      if (equals_ignoring_case(name, "x-request-id")) return rule::request_id;
      break;
    case 14:
      if (equals_ignoring_case(name, "content-length")) return rule::content_length;
      break;
    case 15:
      if (equals_ignoring_case(name, "x-forwarded-for")) return rule::forwarded_for;
      if (equals_ignoring_case(name, "idempotency-key")) return rule::idempotency_key;
      break;
    case 16:
      if (equals_ignoring_case(name, "x-forwarded-host")) return rule::forwarded_host;
      if (equals_ignoring_case(name, "proxy-connection")) return rule::drop;
      break;
    case 17:
      if (equals_ignoring_case(name, "x-forwarded-proto")) return rule::forwarded_proto;
      if (equals_ignoring_case(name, "transfer-encoding")) return rule::drop;
      break;
    case 19:
      return equals_ignoring_case(name, "proxy-authorization") ? rule::drop : rule::pass;
    default:
      return rule::pass;
  }
  return is_twin(name) ? rule::twin : rule::pass;
}

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

// The words of all Connection fields, looked at only where there is one that is not as usual.
class named_by_connection {
 public:
  explicit named_by_connection(const http::field_list& fields) : fields_(fields) {
    for (const auto& f : fields)
      if (equals_ignoring_case(f.name, "connection"))
        any_ |= !equals_ignoring_case(f.value, "keep-alive") && !equals_ignoring_case(f.value, "close");
  }

  bool contains(std::string_view name) const { return any_ && search(name); }

 private:
  bool search(std::string_view name) const {
    std::string lower_case(name);
    for (char& c : lower_case)
      if (is_upper(c)) c = static_cast<char>(c | 0x20);
    for (const auto& f : fields_)
      if (equals_ignoring_case(f.name, "connection") && http::list_contains(f.value, lower_case)) return true;
    return false;
  }

  const http::field_list& fields_;
  bool any_ = false;
};

// As RFC 9110 section 4.2.3 writes it: lower case, and no port where it is the usual one or empty.
void put_host(head_writer& out, std::string_view host) {
  const auto colon = host.rfind(':');
  if (colon != host.npos && host.find(']', colon) == host.npos) {
    const auto port = host.substr(colon);
    if (port == ":" || port == ":80") host = host.substr(0, colon);
  }
  if (std::none_of(host.begin(), host.end(), is_upper)) return out.put(host);
  std::string lower(host);
  for (char& c : lower)
    if (is_upper(c)) c = static_cast<char>(c | 0x20);
  out.put(lower);
}

// What the other side is asked to switch to, or has switched to.
void put_upgrade(head_writer& out, const http::field_list& fields) {
  out.put("Connection: Upgrade\r\n");
  for (const auto& f : fields)
    if (equals_ignoring_case(f.name, "upgrade")) out.field(f);
}

void put_number(head_writer& out, std::string_view name, std::uint64_t value) {
  out.put(name);
  out.number(value);
  out.put("\r\n");
}

void put_length(head_writer& out, std::uint64_t length) { put_number(out, "Content-Length: ", length); }

void put_request_framing(head_writer& out, const http::request_head& head) {
  if (head.body == framing::chunked)
    out.put("Transfer-Encoding: chunked\r\n");
  else if (head.body == framing::sized || head.verb == method::post || head.verb == method::put)
    put_length(out, head.body == framing::sized ? head.content_length : 0);
  if (head.expects_continue && head.body != framing::none) out.put("Expect: 100-continue\r\n");
}

// What a trusted client said is kept and added to; of anybody else nothing is believed.
class forwarded_fields {
 public:
  forwarded_fields(const http::request_head& head, const client_facts& client,
                   const named_by_connection& named)
      : head_(head), client_(client), named_(named) {}

  void put_into(head_writer& out, std::string_view host) const {
    out.put("X-Forwarded-For: ");
    put_former(rule::forwarded_for, out);
    out.put(client_.address, "\r\nX-Forwarded-Proto: ", said(rule::forwarded_proto).value_or(client_.scheme),
            "\r\nX-Forwarded-Host: ", said(rule::forwarded_host).value_or(host), "\r\nForwarded: ");
    put_former(rule::forwarded, out);
    if (client_.address.find(':') == client_.address.npos)
      out.put("for=", client_.address);
    else
      out.put("for=\"[", client_.address, "]\"");  // RFC 7239 section 6
    out.put(";host=\"", host, "\";proto=", client_.scheme, "\r\n");
  }

 private:
  template <class F>
  void each(rule what, F f) const {
    if (!client_.trusted) return;
    for (const auto& field : head_.fields)
      if (rule_of(field.name) == what && !named_.contains(field.name)) f(field.value);
  }
  // The lines of one list as one, in their order: many readers look at one line only.
  void put_former(rule what, head_writer& out) const {
    each(what, [&](std::string_view value) {
      if (!value.empty()) out.put(value, ", ");
    });
  }
  std::optional<std::string_view> said(rule what) const {
    std::optional<std::string_view> first;
    each(what, [&](std::string_view value) {
      if (!first) first = value;
    });
    return first;
  }

  const http::request_head& head_;
  const client_facts& client_;
  const named_by_connection& named_;
};

}  // namespace

forwarded_request write_request_head(const http::request_head& head, const client_facts& client,
                                     std::string_view fallback_host, std::string_view new_id,
                                     std::string& out) {
  forwarded_request facts;
  facts.repeatable = head.verb == method::get || head.verb == method::head || head.verb == method::options;

  head_writer to(out);
  to.put(head.verb_text, " ");
  if (head.authority.empty())
    to.put(head.target);
  else if (head.target.find('?') == head.target.npos)
    to.put(head.path);
  else
    to.put(head.path, "?", head.query);
  const auto said = head.authority.empty() ? head.host : head.authority;
  const auto host = said.empty() ? fallback_host : said;
  to.put(" HTTP/1.1\r\nHost: ");
  put_host(to, host);
  to.put("\r\n");

  const named_by_connection named(head.fields);
  std::string_view request_id;
  std::string_view traceparent;
  bool has_tracestate = false;
  for (const auto& f : head.fields) {
    if (named.contains(f.name)) continue;
    switch (rule_of(f.name)) {
      case rule::drop:
      case rule::connection:
      case rule::content_length:
      case rule::twin:
        break;
      case rule::request_id:
        if (request_id.empty() && http::is_request_id(f.value)) request_id = f.value;
        break;
      case rule::traceparent:
        if (!http::trace_id(f.value).empty()) traceparent = f.value;
        break;
      case rule::tracestate:
        has_tracestate = true;
        break;
      case rule::forwarded:
      case rule::forwarded_for:
      case rule::forwarded_host:
      case rule::forwarded_proto:
        break;
      case rule::idempotency_key:
        facts.repeatable |= head.verb == method::post && !f.value.empty();
        to.field(f);
        break;
      case rule::max_forwards:
        if (const auto left = max_forwards(head); left && *left > 0)
          put_number(to, "Max-Forwards: ", *left - 1);
        else
          to.field(f);
        break;
      case rule::pass:
        to.field(f);
        break;
    }
  }
  put_request_framing(to, head);
  if (client.upgrades) put_upgrade(to, head.fields);
  if (head.minor_version == 0)
    to.put("Via: 1.0 atelier\r\n");
  else
    to.put("Via: 1.1 atelier\r\n");
  forwarded_fields(head, client, named).put_into(to, host);
  if (!traceparent.empty() && has_tracestate)
    for (const auto& f : head.fields)
      if (rule_of(f.name) == rule::tracestate && !named.contains(f.name)) to.field(f);
  to.put("traceparent: ");
  facts.trace_at = to.size() + 3;
  if (traceparent.empty())  // no span of our own is recorded: the flags say so
    to.put("00-", new_id, "-", new_id.substr(new_id.size() / 2), "-00");
  else
    to.put(traceparent);
  to.put("\r\nX-Request-Id: ");
  facts.request_id_at = to.size();
  const auto id = request_id.empty() ? new_id : request_id;
  facts.request_id_bytes = id.size();
  to.put(id, "\r\n\r\n");
  return facts;
}

framing framing_for_client(const http::response_head& head, int minor_version) {
  if (head.body != framing::chunked && head.body != framing::until_end) return head.body;
  return minor_version == 0 ? framing::until_end : framing::chunked;
}

namespace {

void put_status_line(head_writer& out, const http::response_head& head) {
  const auto digit = [&](unsigned unit) { return static_cast<char>('0' + head.status / unit % 10); };
  const char status[] = {digit(100), digit(10), digit(1)};
  out.put("HTTP/1.1 ", std::string_view(status, sizeof status), " ", head.reason, "\r\n");
}

void put_interim(head_writer& out, const http::response_head& head) {
  put_status_line(out, head);
  const named_by_connection named(head.fields);
  for (const auto& f : head.fields)
    if (rule_of(f.name) == rule::pass && !named.contains(f.name)) out.field(f);
}

}  // namespace

void write_response_head(const http::response_head& head, const answer_facts& facts, std::string& out) {
  head_writer to(out);
  put_status_line(to, head);
  const named_by_connection named(head.fields);
  const bool may_have_length = head.body == framing::none && head.status != 204;
  bool has_request_id = false;
  bool has_date = false;
  for (const auto& f : head.fields) {
    if (named.contains(f.name)) continue;
    const auto what = rule_of(f.name);
    if (what == rule::connection || (what == rule::drop && !equals_ignoring_case(f.name, "host"))) continue;
    if (what == rule::content_length && !may_have_length) continue;
    has_request_id |= what == rule::request_id;
    has_date |= equals_ignoring_case(f.name, "date");
    to.field(f);
  }
  if (!has_date) to.put("Date: ", http::date_now(), "\r\n");  // RFC 9110 section 6.6.1
  const auto body = framing_for_client(head, facts.minor_version);
  if (body == framing::sized)
    put_length(to, head.content_length);
  else if (body == framing::chunked)
    to.put("Transfer-Encoding: chunked\r\n");
  if (!facts.keep_alive)
    to.put("Connection: close\r\n");
  else if (facts.minor_version == 0)
    to.put("Connection: keep-alive\r\n");
  if (!has_request_id && !facts.request_id.empty()) to.put("X-Request-Id: ", facts.request_id, "\r\n");
  to.put("\r\n");
}

void write_interim_head(const http::response_head& head, std::string& out) {
  head_writer to(out);
  put_interim(to, head);
  to.put("\r\n");
}

void write_switch_head(const http::response_head& head, std::string& out) {
  head_writer to(out);
  put_interim(to, head);
  put_upgrade(to, head.fields);
  to.put("\r\n");
}

}  // namespace atelier::lb
