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

TEST_CASE("a change needs the token where there is one, and comes from no page of another site") {
  http::request_head head;
  CHECK(why_not({}, head).empty());
  CHECK_FALSE(why_not({true, ""}, head).empty());
  CHECK_FALSE(why_not({true, "word"}, head).empty());
  head.fields.add("Authorization", "bearer word");
  CHECK(why_not({true, "word"}, head).empty());
  CHECK_FALSE(why_not({true, "wor"}, head).empty());
  CHECK_FALSE(why_not({true, "words"}, head).empty());
  CHECK_FALSE(why_not({true, ""}, head).empty());
  head.fields.add("Origin", "http://localhost");
  CHECK_FALSE(why_not({true, "word"}, head).empty());
}
