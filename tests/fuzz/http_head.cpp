// Heads of requests and answers: parsed the same however the bytes come, and what the proxy writes of them
// reads as the same message, with nothing smuggled in.
#include "core/http/head.hpp"
#include "lb/forward_head.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace atelier;
using kind = http::head_outcome::kind;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// A complete head is complete at its own size and not before; more bytes change nothing.
template <class Head, class Parse>
void check_prefixes(std::string_view bytes, const Parse& parse, Head& head) {
  const auto whole = parse(bytes, head);
  if (whole.what != kind::complete) return;
  Head other;
  const auto exact = parse(bytes.substr(0, whole.size), other);
  require(exact.what == kind::complete && exact.size == whole.size);
  for (std::size_t n = 0; n < whole.size; ++n)
    require(parse(bytes.substr(0, n), other).what == kind::incomplete);
}

void check_request(std::string_view bytes) {
  const auto parse = [](std::string_view b, http::request_head& h) {
    return http::parse_request_head(b, {}, h);
  };
  http::request_head head;
  check_prefixes(bytes, parse, head);
  if (parse(bytes, head).what != kind::complete) return;

  std::string written;
  (void)lb::write_request_head(head, {.address = "192.0.2.1"}, "worker:1", "an-id", written);
  http::request_head again;
  const auto outcome = http::parse_request_head(
      written, {.head_bytes_max = written.size() + 1, .target_bytes_max = written.size()}, again);
  if (outcome.what == kind::refused && outcome.status == 431) return;  // our fields were one too many
  require(outcome.what == kind::complete && outcome.size == written.size());
  require(again.verb_text == head.verb_text && again.path == head.path && again.query == head.query);
  require(again.minor_version == 1 && again.keep_alive && !again.upgrade);
  const bool no_body = head.body == http::framing::none;
  require(again.body == head.body || no_body);
  require(no_body || again.content_length == head.content_length);
  for (const auto hop : {"connection", "keep-alive", "te", "trailer", "upgrade", "proxy-connection"})
    require(!again.fields.find(hop));
}

void check_response(std::string_view bytes) {
  const auto parse = [](std::string_view b, http::response_head& h) {
    return http::parse_response_head(b, {}, http::method::get, h);
  };
  http::response_head head;
  check_prefixes(bytes, parse, head);
  if (parse(bytes, head).what != kind::complete) return;

  std::string written;
  lb::write_response_head(head, {.request_id = "an-id"}, written);
  http::response_head again;
  const auto outcome =
      http::parse_response_head(written, {.head_bytes_max = written.size() + 1}, http::method::get, again);
  if (outcome.what == kind::refused && again.fields.size() == http::field_list::fields_max) return;
  require(outcome.what == kind::complete && outcome.size == written.size());
  require(again.status == head.status && again.reason == head.reason);
  if (head.status >= 200) require(again.body == lb::framing_for_client(head, 1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_request(bytes);
  check_response(bytes);
  return 0;
}
