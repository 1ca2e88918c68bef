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
};

/// Empty, or why not. A browser's page that posts to an address of ours is turned away by its Origin.
std::string_view why_not(const access_rule& rule, const http::request_head& head);

}  // namespace atelier::lb
