#include "lb/control.hpp"

#include <catch2/catch.hpp>

using namespace atelier;
using namespace atelier::lb;
using kind = command::kind;

TEST_CASE("a path and a method say what is to be done with which worker") {
  const auto get = [](std::string_view path) { return read_command(path, http::method::get).what; };
  const auto post = [](std::string_view path) { return read_command(path, http::method::post); };
  CHECK(get("/workers") == kind::list);
  CHECK(get("/workers/") == kind::list);
  CHECK(get("/workers/a:1") == kind::show);
  CHECK(get("/workers/a:1/drain") == kind::none);
  CHECK(get("/workersx") == kind::none);
  CHECK(post("/workers").what == kind::add);
  CHECK(post("/workers/a:1").what == kind::none);
  CHECK(post("/workers/[::1]:80/weight").what == kind::weight);
  CHECK(post("/workers/[::1]:80/weight").worker == "[::1]:80");
  CHECK(post("/workers/a:1/drain/").what == kind::none);
  CHECK(post("/workers/unix:/run/atelier/1/drain").what == kind::drain);
  CHECK(post("/workers/unix:/run/atelier/1/drain").worker == "unix:/run/atelier/1");
  CHECK(get("/workers/unix:/run/atelier/1") == kind::show);
  CHECK(methods_of("/workers") == "GET, HEAD, POST");
  CHECK(methods_of("/workers/a:1") == "GET, HEAD");
  CHECK(methods_of("/workers/a:1/remove") == "POST");
  CHECK(methods_of("/workers/a:1/dance").empty());
}

TEST_CASE("a change needs the token where there is one") {
  http::request_head head;
  CHECK(why_not({}, head).empty());
  CHECK_FALSE(why_not({true, ""}, head).empty());
  CHECK_FALSE(why_not({true, "word"}, head).empty());
  head.fields.add("Authorization", "bearer word");
  CHECK(why_not({true, "word"}, head).empty());
  CHECK_FALSE(why_not({true, "wor"}, head).empty());
  CHECK_FALSE(why_not({true, "words"}, head).empty());
  CHECK_FALSE(why_not({true, ""}, head).empty());
  head.host = "lb.example:81";
  head.fields.add("Origin", "http://localhost");
  CHECK_FALSE(why_not({true, "word"}, head).empty());
}

TEST_CASE("a browser's page changes something only where it came from this very address") {
  const access_rule loopback{false, "", "127.0.0.1"};
  const access_rule guarded{true, "word", "0.0.0.0"};
  const auto may = [](const access_rule& rule, std::string_view host, std::string_view origin,
                      std::string_view site = "") {
    http::request_head head;
    head.host = host;
    if (!origin.empty()) head.fields.add("Origin", origin);
    if (!site.empty()) head.fields.add("Sec-Fetch-Site", site);
    head.fields.add("Authorization", "Bearer word");
    return why_not(rule, head).empty();
  };
  CHECK(may(loopback, "127.0.0.1:8081", "http://127.0.0.1:8081"));
  CHECK(may(loopback, "127.0.0.1:8081", "http://127.0.0.1:8081", "same-origin"));
  CHECK(may(loopback, "[::1]:8081", "http://[::1]:8081"));
  CHECK(may(loopback, "localhost:8081", "https://localhost:8081"));
  CHECK(may(loopback, "anything", ""));  // no browser

  CHECK_FALSE(may(loopback, "127.0.0.1:8081", "http://evil.example"));
  CHECK_FALSE(may(loopback, "127.0.0.1:8081", "http://127.0.0.1:3000"));
  CHECK_FALSE(may(loopback, "127.0.0.1:8081", "http://127.0.0.1:80810"));
  CHECK_FALSE(may(loopback, "127.0.0.1:8081", "null"));
  CHECK_FALSE(may(loopback, "", "http://"));
  for (const auto* site : {"cross-site", "same-site", "nonsense"})
    CHECK_FALSE(may(loopback, "127.0.0.1:8081", "", site));

  // Another site's name that resolves to us is Origin and Host at once.
  CHECK_FALSE(may(loopback, "evil.example:8081", "http://evil.example:8081"));
  CHECK_FALSE(may(loopback, "evil.example:8081", "http://evil.example:8081", "same-origin"));
  CHECK_FALSE(may(loopback, "127.0.0.1.evil.example:8081", "http://127.0.0.1.evil.example:8081"));
  CHECK(may({false, "", "lb.inside"}, "lb.inside:8081", "http://lb.inside:8081"));
  CHECK(may(guarded, "lb.inside:8081", "http://lb.inside:8081"));  // which has not got the token
  CHECK_FALSE(may(guarded, "lb.inside:8081", "http://evil.example"));
}
