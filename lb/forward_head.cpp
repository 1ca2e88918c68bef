#include "lb/forward_head.hpp"

#include "core/http/message.hpp"
#include "core/http/request_id.hpp"

#include <charconv>
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
  forwarded,  // lists, of a trusted client added to, else replaced
  forwarded_for,
  forwarded_host,  // of a trusted client passed on, else replaced
  forwarded_proto,
};

rule rule_of(std::string_view name) {
  const auto is = [&](std::string_view lower_case) { return equals_ignoring_case(name, lower_case); };
  switch (name.size()) {
    case 2:
      return is("te") ? rule::drop : rule::pass;
    case 4:
      return is("host") ? rule::drop : rule::pass;
    case 6:
      return is("expect") ? rule::drop : rule::pass;
    case 7:
      return is("trailer") || is("upgrade") ? rule::drop : rule::pass;
    case 9:
      return is("forwarded") ? rule::forwarded : rule::pass;
    case 10:
      if (is("connection")) return rule::connection;
      if (is("tracestate")) return rule::tracestate;
      return is("keep-alive") ? rule::drop : rule::pass;
    case 11:
      return is("traceparent") ? rule::traceparent : rule::pass;
    case 12:
      return is("x-request-id") ? rule::request_id : rule::pass;
    case 14:
      return is("content-length") ? rule::content_length : rule::pass;
    case 15:
      if (is("x-forwarded-for")) return rule::forwarded_for;
      return is("idempotency-key") ? rule::idempotency_key : rule::pass;
    case 16:
      if (is("x-forwarded-host")) return rule::forwarded_host;
      return is("proxy-connection") ? rule::drop : rule::pass;
    case 17:
      if (is("x-forwarded-proto")) return rule::forwarded_proto;
      return is("transfer-encoding") ? rule::drop : rule::pass;
    case 19:
      return is("proxy-authorization") ? rule::drop : rule::pass;
    default:
      return rule::pass;
  }
}

template <class... Text>
void append(std::string& out, const Text&... text) {
  (out.append(text), ...);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  append(out, name, ": ", value, "\r\n");
}

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

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
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    for (const auto& f : fields_)
      if (equals_ignoring_case(f.name, "connection") && http::list_contains(f.value, lower_case)) return true;
    return false;
  }

  const http::field_list& fields_;
  bool any_ = false;
};

// What the other side is asked to switch to, or has switched to.
void append_upgrade(const http::field_list& fields, std::string& out) {
  out += "Connection: Upgrade\r\n";
  for (const auto& f : fields)
    if (equals_ignoring_case(f.name, "upgrade")) append_field(out, f.name, f.value);
}

void append_request_framing(const http::request_head& head, std::string& out) {
  if (head.body == framing::chunked) {
    out += "Transfer-Encoding: chunked\r\n";
  } else if (head.body == framing::sized || head.verb == method::post || head.verb == method::put) {
    out += "Content-Length: ";
    append_number(out, head.body == framing::sized ? head.content_length : 0);
    out += "\r\n";
  }
  if (head.expects_continue && head.body != framing::none) out += "Expect: 100-continue\r\n";
}

// What a trusted client said is kept and added to; of anybody else nothing is believed.
class forwarded_fields {
 public:
  forwarded_fields(const http::request_head& head, const client_facts& client,
                   const named_by_connection& named)
      : head_(head), client_(client), named_(named) {}

  void append_to(std::string& out, std::string_view host) const {
    out += "X-Forwarded-For: ";
    append_former(rule::forwarded_for, out);
    append(out, client_.address,
           "\r\nX-Forwarded-Proto: ", said(rule::forwarded_proto).value_or(client_.scheme),
           "\r\nX-Forwarded-Host: ", said(rule::forwarded_host).value_or(host), "\r\nForwarded: ");
    append_former(rule::forwarded, out);
    const bool v6 = client_.address.find(':') != client_.address.npos;  // RFC 7239 section 6
    append(out, v6 ? "for=\"[" : "for=", client_.address, v6 ? "]\";host=\"" : ";host=\"", host,
           "\";proto=", client_.scheme, "\r\n");
  }

 private:
  template <class F>
  void each(rule what, F f) const {
    if (!client_.trusted) return;
    for (const auto& field : head_.fields)
      if (rule_of(field.name) == what && !named_.contains(field.name)) f(field.value);
  }
  // The lines of one list as one, in their order: many readers look at one line only.
  void append_former(rule what, std::string& out) const {
    each(what, [&](std::string_view value) {
      if (!value.empty()) append(out, value, ", ");
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

  append(out, head.verb_text, " ");
  if (head.authority.empty()) {
    out += head.target;
  } else {
    out += head.path;
    if (!head.query.empty()) append(out, "?", head.query);
  }
  const auto said = head.authority.empty() ? head.host : head.authority;
  const auto host = said.empty() ? fallback_host : said;
  append(out, " HTTP/1.1\r\nHost: ", host, "\r\n");

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
        facts.repeatable |= head.verb == method::post;
        append_field(out, f.name, f.value);
        break;
      case rule::pass:
        append_field(out, f.name, f.value);
        break;
    }
  }
  append_request_framing(head, out);
  if (client.upgrades) append_upgrade(head.fields, out);
  append_field(out, "Via", head.minor_version == 0 ? "1.0 atelier" : "1.1 atelier");
  forwarded_fields(head, client, named).append_to(out, host);
  if (!traceparent.empty() && has_tracestate)
    for (const auto& f : head.fields)
      if (rule_of(f.name) == rule::tracestate && !named.contains(f.name)) append_field(out, f.name, f.value);
  out += "traceparent: ";
  const auto trace_at = out.size() + 3;
  if (traceparent.empty())  // no span of our own is recorded: the flags say so
    append(out, "00-", new_id, "-", new_id.substr(new_id.size() / 2), "-00");
  else
    out += traceparent;
  out += "\r\nX-Request-Id: ";
  const auto id_at = out.size();
  const auto id = request_id.empty() ? new_id : request_id;
  append(out, id, "\r\n\r\n");
  facts.request_id = std::string_view(out).substr(id_at, id.size());
  facts.trace_id = std::string_view(out).substr(trace_at, http::request_ids::id_bytes);
  return facts;
}

framing framing_for_client(const http::response_head& head, int minor_version) {
  if (head.body != framing::chunked && head.body != framing::until_end) return head.body;
  return minor_version == 0 ? framing::until_end : framing::chunked;
}

namespace {

void append_status_line(const http::response_head& head, std::string& out) {
  out += "HTTP/1.1 ";
  append_number(out, head.status);
  append(out, " ", head.reason, "\r\n");
}

}  // namespace

void write_response_head(const http::response_head& head, const answer_facts& facts, std::string& out) {
  append_status_line(head, out);
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
    append_field(out, f.name, f.value);
  }
  if (!has_date) append_field(out, "Date", http::date_now());  // RFC 9110 section 6.6.1
  const auto body = framing_for_client(head, facts.minor_version);
  if (body == framing::sized) {
    out += "Content-Length: ";
    append_number(out, head.content_length);
    out += "\r\n";
  } else if (body == framing::chunked) {
    out += "Transfer-Encoding: chunked\r\n";
  }
  if (!facts.keep_alive)
    out += "Connection: close\r\n";
  else if (facts.minor_version == 0)
    out += "Connection: keep-alive\r\n";
  if (!has_request_id && !facts.request_id.empty()) append_field(out, "X-Request-Id", facts.request_id);
  out += "\r\n";
}

void write_interim_head(const http::response_head& head, std::string& out) {
  append_status_line(head, out);
  const named_by_connection named(head.fields);
  for (const auto& f : head.fields)
    if (rule_of(f.name) == rule::pass && !named.contains(f.name)) append_field(out, f.name, f.value);
  out += "\r\n";
}

void write_switch_head(const http::response_head& head, std::string& out) {
  write_interim_head(head, out);
  out.resize(out.size() - 2);
  append_upgrade(head.fields, out);
  out += "\r\n";
}

}  // namespace atelier::lb
