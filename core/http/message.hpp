// What a service is asked and what it says.
#pragma once

#include "core/http/head.hpp"
#include "core/http/unsent.hpp"

#include <string>
#include <string_view>

namespace atelier::http {

class event_feed;

/// One complete request. Valid until it is answered.
struct request {
  const request_head& head;
  std::string_view body;
  std::string_view id;  // X-Request-Id: the client's, or one made here
};

/// One answer. Content-Length, Date, Connection and X-Request-Id are added when it is written.
struct response {
  unsigned status = 200;
  std::string_view content_type = {};  // empty: no such field
  std::string fields = {};             // further fields, each a line that ends with CRLF
  std::string body = {};
};

inline constexpr std::string_view json_type = "application/json; charset=utf-8";
inline constexpr std::string_view text_type = "text/plain; charset=utf-8";

/// On every answer of the API and of the proxy before it (Fetch Standard): any page may read it.
inline constexpr std::string_view cors_fields =
    "Access-Control-Allow-Origin: *\r\n"
    "Access-Control-Expose-Headers: ETag, Location, Idempotent-Replayed, Retry-After, X-Request-Id\r\n";

/// The standard phrase of a status, "Not Found".
std::string_view reason_phrase(unsigned status);

/// The time as a Date field says it (RFC 9110 section 5.6.7); made anew once a second.
std::string_view date_now();

/// What many answers have in common: all of the head before the value of its last field.
class prepared_head {
 public:
  /// `fields`: lines that end with CRLF, and last the name of a field with its colon and blank.
  prepared_head(unsigned status, std::string_view content_type, std::string_view fields);

  unsigned status() const { return status_; }
  std::string_view text() const { return text_; }

 private:
  unsigned status_;
  std::string text_;
};

/// Writes answers to one request behind each other into a buffer that goes out with one system call.
class responder {
 public:
  /// `stopping` is looked at when the answer is written: a stop that begins while it is made is still said.
  responder(unsent& out, const unsent_budget& budget, const request_head& head, std::string_view request_id,
            const bool& stopping)
      : out_(out),
        budget_(budget),
        begin_(out.size()),
        request_id_(request_id),
        minor_version_(head.minor_version),
        head_only_(head.verb == method::head),
        stopping_(stopping),
        close_(!head.keep_alive) {}

  void send(const response& answer);

  /// The same of parts that lie elsewhere: they are copied once, into what goes out.
  void send(const prepared_head& head, std::string_view last_field_value, std::string_view body);

  /// The same, but the body, of large_bytes or more, is sent from where it lies. No answer can follow it
  /// before it is sent.
  void send(const prepared_head& head, std::string_view last_field_value, std::string_view body,
            unsent::keeper keeps);

  /// Whether a body of so many bytes may be held until its client has taken it; else say 503. One that is not
  /// large always may.
  bool has_room(std::size_t body_bytes) const {
    return body_bytes < large_bytes || head_only_ || budget_.has_room(body_bytes);
  }

  /// Begins an answer that goes on: `answer.body` is its first bytes, then comes what `feed` publishes until
  /// the client leaves. It ends with the connection, which both HTTP/1.0 and 1.1 understand; to HEAD it is
  /// its head alone. `feed` outlives the server.
  void begin(const response& answer, event_feed& feed);

  /// Names the route for the access log: a literal, or what lives as long as the program.
  void label(std::string_view route) { route_ = route; }

  /// Whether the answer that was written ends the connection.
  bool closes() const { return close_; }

  /// What the answer that was written goes on with, or null. Closes too.
  event_feed* feed() const { return feed_; }

  // Of the answer that was written.
  unsigned status() const { return status_; }
  std::size_t bytes() const { return out_.size() - begin_; }
  std::string_view route() const { return route_; }

 private:
  void begin_head(const prepared_head& head, std::string_view last_field_value, std::size_t body_bytes);
  void finish_head();

  event_feed* feed_ = nullptr;
  unsent& out_;
  const unsent_budget& budget_;
  std::size_t begin_;
  unsigned status_ = 0;
  std::string_view route_;
  std::string_view request_id_;
  int minor_version_;
  bool head_only_;
  const bool& stopping_;
  bool close_;
};

}  // namespace atelier::http
