#include "app/api/text_rules.hpp"

#include "app/api/etag.hpp"

#include <catch2/catch.hpp>

using namespace atelier::api;

TEST_CASE("lengths are in code points") {
  CHECK(code_points("") == 0);
  CHECK(code_points("aä€😀") == 4);
}

TEST_CASE("an e-mail address has one @ between non-empty parts and no blanks") {
  for (const auto* text : {"a@b", "user@localhost", "ä@ö.de", "a+b@c.d"}) CHECK(is_email(text));
  for (const auto* text :
       {"", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\n", "a\x01@b", "a@\x7f", "a@\xc2\x85", "Seller"})
    CHECK_FALSE(is_email(text));
  CHECK(is_email(std::string(252, 'a') + "@b"));
  CHECK_FALSE(is_email(std::string(253, 'a') + "@b"));
}

TEST_CASE("a photo is http, https or a reference without a scheme") {
  for (const auto* url : {"http://x", "HTTPS://X/y?z#w", "//cdn/x.png", "/x.png", "x.png", "http://u@h/",
                          "https://[::1]/x", "1:2", "?q", "a/b:c", "https://x/ä"}) {
    INFO(url);
    CHECK(is_photo_url(url));
  }
  for (const auto* url : {"data:image/png;base64,x", "blob:x", "javascript:alert(1)", "JavaScript:x",
                          "C:\\x.png", "C:", "http:", "http:x", "http://", "http:///x", "http://?q",
                          "https://:80/", "http://u@/", "ftp://x/y", "a b", "x\ty", "localhost:80/x"}) {
    INFO(url);
    CHECK_FALSE(is_photo_url(url));
  }
  CHECK(is_photo_url("/" + std::string(2047, 'a')));
  CHECK_FALSE(is_photo_url("/" + std::string(2048, 'a')));
}

TEST_CASE("If-None-Match names a tag in a list, weakly, or any") {
  const auto tag = etag_of("{}");
  CHECK(tag == etag_of("{}"));
  CHECK(tag != etag_of("{} "));
  CHECK(tag.size() == 34);
  CHECK(names_etag(tag, tag));
  CHECK(names_etag("\"x\", W/" + tag, tag));
  CHECK(names_etag(" *", tag));
  CHECK_FALSE(names_etag("\"x\"", tag));
  CHECK_FALSE(names_etag("", tag));
}
