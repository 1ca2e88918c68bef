// Heads are never passed on: they are written anew from what was understood of them, so that the next reader
// cannot understand them in another way.
#pragma once

#include "core/http/head.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace atelier::lb {

/// What the request's new head says of the connection that it came by.
struct client_facts {
  std::string_view address;  // of the peer, without its port
  bool trusted = false;  // its X-Forwarded-… and Forwarded fields are believed and added to, else replaced
  std::string_view scheme = "http";
  bool upgrades = false;  // its Upgrade is passed on
};

/// What later steps need to know of a request once its head was written.
struct forwarded_request {
  bool repeatable = false;  // GET, HEAD, OPTIONS, or a POST with a key (not empty) that reaches the worker
  // Where in `out` of write_request_head stand:
  std::size_t request_id_at = 0;  // its X-Request-Id
  std::size_t request_id_bytes = 0;
  std::size_t trace_at = 0;  // the trace id of its traceparent
};

/// Appends the head to `out`, the blank line included. Hop-by-hop fields and those that Connection names are
/// left out (RFC 9110 section 7.6.1); the body's framing is ours; Host is the authority of an absolute-form
/// target where there is one (RFC 9112 section 3.2.2), else the client's, else `fallback_host` (HTTP/1.0
/// needs none); Via, X-Forwarded-For, -Proto, -Host and Forwarded (RFC 7239) are set; a traceparent (W3C
/// Trace Context) that is right is passed with its tracestate, else a new trace begins with `new_id`;
/// X-Request-Id is passed when it is one (core/http/request_id.hpp) and else is `new_id`. What differs from a
/// field that we write in underscores only is left out.
forwarded_request write_request_head(const http::request_head& head, const client_facts& client,
                                     std::string_view fallback_host, std::string_view new_id,
                                     std::string& out);

/// How an answer goes on to the client.
struct answer_facts {
  int minor_version = 1;             // of the client
  bool keep_alive = true;            // the client's connection goes on after this answer
  std::string_view request_id = {};  // added where the worker's answer has none
};

/// The framing that the client gets: a body that ends with the worker's connection is chunked for HTTP/1.1,
/// and what has no length ends with the connection for HTTP/1.0.
http::framing framing_for_client(const http::response_head& head, int minor_version);

/// Appends the head of a final answer to `out`, the blank line included.
void write_response_head(const http::response_head& head, const answer_facts& facts, std::string& out);

/// Appends the head of a 101 to `out`: with Upgrade, and nothing else hop-by-hop.
void write_switch_head(const http::response_head& head, std::string& out);

/// Appends an interim answer (1xx) to `out`.
void write_interim_head(const http::response_head& head, std::string& out);

}  // namespace atelier::lb
