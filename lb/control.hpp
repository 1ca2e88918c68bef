// What operators may ask of a running proxy: the requests of /workers, and who may make them.
#pragma once

#include "core/http/message.hpp"
#include "core/result.hpp"

#include <string>
#include <string_view>

namespace atelier::lb {

/// What a request to /workers… asks for.
struct command {
  enum class kind : std::uint8_t {
    none,  // not a path of ours
    list,
    add,   // the body is what --worker takes
    show,  // one worker
    drain,
    ready,
    remove,
    weight,  // the body is a number
  };
  kind what = kind::none;
  std::string_view worker = {};  // HOST:PORT
};

/// Reads the path; the method is GET (or HEAD) for list and show, POST for all else.
command read_command(std::string_view path, http::method verb);

/// "GET, HEAD", "GET, HEAD, POST" or "POST", for a path of ours; else empty.
std::string_view methods_of(std::string_view path);

/// Who may change something. Reading is free: an address for operators is not for everybody.
struct access_rule {
  bool needs_token = false;  // a socket of our own is private; loopback is, unless a token is set
  std::string token = {};    // empty although one is needed: nobody may
  std::string name = {};  // of the host, as the address was given; empty: a socket, which no browser reaches
};

/// Whether a page of another site may have made a browser ask this: empty, or why it is refused. What a
/// browser says (Origin, Sec-Fetch-Site) must name us. Without a token that is not enough: another site's
/// name may be made to resolve to our address (DNS rebinding) and be Origin and Host at once, so Host must be
/// something that no foreign server answers for: an IP address, localhost, or the name that we were started
/// with.
std::string_view why_foreign(const access_rule& rule, const http::request_head& head);

/// Whether this request may change something: empty, or why not.
std::string_view why_not(const access_rule& rule, const http::request_head& head);

}  // namespace atelier::lb
