#include "core/http/message.hpp"

#include <boost/beast/http/status.hpp>

#include <charconv>
#include <ctime>
#include <utility>

namespace atelier::http {

using namespace std::string_view_literals;

std::string_view reason_phrase(unsigned status) {
  const auto phrase = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status));
  return {phrase.data(), phrase.size()};
}

namespace {

// "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-Request-Id: ", made anew once a second.
std::string_view date_and_id_name() {
  static std::time_t written = 0;
  static char text[sizeof("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-Request-Id: ")];
  const auto now = std::time(nullptr);
  if (now != written) {
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\nX-Request-Id: ", &parts);
    written = now;
  }
  return {text, sizeof text - 1};
}

}  // namespace

std::string_view date_now() {
  constexpr std::size_t before = sizeof("Date: ") - 1;
  constexpr std::size_t size = sizeof("Sun, 06 Nov 1994 08:49:37 GMT") - 1;
  return date_and_id_name().substr(before, size);
}

namespace {

void append_decimal(std::string& out, std::size_t value) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void append_line_and_type(std::string& out, unsigned status, std::string_view content_type) {
  out += "HTTP/1.1 "sv;
  append_decimal(out, status);
  out += ' ';
  out += reason_phrase(status);
  out += "\r\n"sv;
  if (!content_type.empty()) {
    out += "Content-Type: "sv;
    out += content_type;
    out += "\r\n"sv;
  }
}

void append_length(std::string& out, std::size_t bytes) {
  out += "Content-Length: "sv;
  append_decimal(out, bytes);
  out += "\r\n"sv;
}

void append_head(std::string& out, const response& answer) {
  append_line_and_type(out, answer.status, answer.content_type);
  // 204 and 304 have no body and no length of one (RFC 9110 section 8.6).
  if (answer.status != 204 && answer.status != 304) append_length(out, answer.body.size());
  out += answer.fields;
}

}  // namespace

prepared_head::prepared_head(unsigned status, std::string_view content_type, std::string_view fields)
    : status_(status) {
  append_line_and_type(text_, status, content_type);
  text_ += fields;
}

void responder::finish_head() {
  auto& out = out_.text;
  out += date_and_id_name();
  out += request_id_;
  close_ |= stopping_;
  constexpr std::string_view as_usual = "\r\n\r\n";
  constexpr std::string_view closing = "\r\nConnection: close\r\n\r\n";
  constexpr std::string_view staying = "\r\nConnection: keep-alive\r\n\r\n";  // HTTP/1.0 closes otherwise
  out += close_ ? closing : minor_version_ == 0 ? staying : as_usual;
}

void responder::send(const response& answer) {
  status_ = answer.status;
  append_head(out_.text, answer);
  finish_head();
  if (!head_only_) out_.text += answer.body;
}

void responder::begin(const response& answer, event_feed& feed) {
  status_ = answer.status;
  close_ = true;
  append_line_and_type(out_.text, answer.status, answer.content_type);
  out_.text += answer.fields;
  finish_head();
  if (head_only_) return;
  out_.text += answer.body;
  feed_ = &feed;
}

void responder::begin_head(const prepared_head& head, std::string_view last_field_value,
                           std::size_t body_bytes) {
  status_ = head.status();
  auto& out = out_.text;
  out += head.text();
  out += last_field_value;
  out += "\r\n"sv;
  append_length(out, body_bytes);
  finish_head();
}

void responder::send(const prepared_head& head, std::string_view last_field_value, std::string_view body) {
  begin_head(head, last_field_value, body.size());
  if (!head_only_) out_.text += body;
}

void responder::send(const prepared_head& head, std::string_view last_field_value, std::string_view body,
                     unsent::keeper keeps) {
  begin_head(head, last_field_value, body.size());
  if (!head_only_) out_.end_with(body, std::move(keeps));
}

}  // namespace atelier::http
