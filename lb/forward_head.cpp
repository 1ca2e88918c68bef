#include "lb/forward_head.hpp"

#include "core/http/message.hpp"
#include "core/http/request_id.hpp"

#include <charconv>

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
  idempotency_key,
  forwarded_for,  // of a trusted client added to, else replaced
  forwarded,      // of a trusted client passed on, else replaced
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
      return is("keep-alive") ? rule::drop : rule::pass;
    case 12:
      return is("x-request-id") ? rule::request_id : rule::pass;
    case 14:
      return is("content-length") ? rule::content_length : rule::pass;
    case 15:
      if (is("x-forwarded-for")) return rule::forwarded_for;
      return is("idempotency-key") ? rule::idempotency_key : rule::pass;
    case 16:
      if (is("x-forwarded-host")) return rule::forwarded;
      return is("proxy-connection") ? rule::drop : rule::pass;
    case 17:
      if (is("x-forwarded-proto")) return rule::forwarded;
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

// What a trusted client said is kept; the rest we know ourselves.
struct forwarded_fields {
  std::string_view addresses;  // the first X-Forwarded-For
  bool proto = false;
  bool host = false;

  void see(const http::field& f, std::string& out) {
    (equals_ignoring_case(f.name, "x-forwarded-host") ? host : proto) = true;
    append_field(out, f.name, f.value);
  }
  void append_to(std::string& out, const client_facts& client, std::string_view request_host) const {
    out += "X-Forwarded-For: ";
    if (!addresses.empty()) append(out, addresses, ", ");
    append(out, client.address, "\r\n");
    if (!proto) append_field(out, "X-Forwarded-Proto", client.scheme);
    if (!host) append_field(out, "X-Forwarded-Host", request_host);
  }
};

}  // namespace

forwarded_request write_request_head(const http::request_head& head, const client_facts& client,
                                     std::string_view fallback_host, std::string_view new_request_id,
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
  forwarded_fields forwarded;
  std::string_view request_id;
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
      case rule::forwarded_for:
        if (!client.trusted) break;
        if (forwarded.addresses.empty())
          forwarded.addresses = f.value;
        else
          append_field(out, f.name, f.value);
        break;
      case rule::forwarded:
        if (client.trusted && equals_ignoring_case(f.name, "forwarded"))
          append_field(out, f.name, f.value);
        else if (client.trusted)
          forwarded.see(f, out);
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
  append_field(out, "Via", head.minor_version == 0 ? "1.0 atelier" : "1.1 atelier");
  forwarded.append_to(out, client, host);
  out += "X-Request-Id: ";
  const auto id_at = out.size();
  const auto id = request_id.empty() ? new_request_id : request_id;
  append(out, id, "\r\n\r\n");
  facts.request_id = std::string_view(out).substr(id_at, id.size());
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

}  // namespace atelier::lb
