// What a POST's body may be before its members are looked at: JSON, UTF-8, its type, its size, its framing.
#include "contract_house.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace atelier::test {
namespace {

constexpr std::size_t body_bytes_max = 262'144;

// A good body with this value in a member that the contract does not know.
std::string with_extra(house& h, const std::string& raw) {
  return valid_question(h.fresh_product()).with("extra", raw).text();
}

void check_error_line(const http_answer& a, int status) {
  CHECK(a.status == status);
  CHECK(a.header("Content-Type").value_or("").rfind("text/plain", 0) == 0);
  CHECK(a.body.rfind("Error: ", 0) == 0);
  CHECK(a.body.find('\n') == std::string::npos);
}

std::string padded_to(const members& base, std::size_t bytes) {
  const std::string empty = base.with("extra", "\"\"").text();
  return base.with("extra", '"' + std::string(bytes - empty.size(), 'x') + '"').text();
}

}  // namespace

TEST_CASE("what is not JSON is 400, also inside what is ignored", "[contract]") {
  house& h = house::open();
  const std::vector<std::string> values = {"tru",
                                           "nul",
                                           "fals",
                                           "True",
                                           "NaN",
                                           "Infinity",
                                           "-Infinity",
                                           "undefined",
                                           "01",
                                           "-01",
                                           "00",
                                           "1.",
                                           ".5",
                                           "+1",
                                           "-",
                                           "1e",
                                           "1e+",
                                           "0x10",
                                           "1_0",
                                           "'x'",
                                           "\"x",
                                           "\"\\x\"",
                                           "\"\\u12\"",
                                           "\"\\u12g4\"",
                                           "\"a\nb\"",
                                           "\"a\tb\"",
                                           "\"\x01\"",
                                           "[1,]",
                                           "[,1]",
                                           "[1 2]",
                                           "[1",
                                           "{\"a\"}",
                                           "{\"a\":}",
                                           "{\"a\" 1}",
                                           "{a:1}",
                                           "{\"a\":1,}",
                                           "{,}",
                                           "{1:2}",
                                           "[}",
                                           "{]",
                                           "\"a\":1",
                                           "[\"a\":1]",
                                           "{\"a\":\"b\":1}",
                                           "[null, \"\":\"x\", 1]",
                                           "[\"a\":\"b\":\"c\"]",
                                           "1:2",
                                           "null:1",
                                           "[1:2]",
                                           "[[]:1]",
                                           "[tru]",
                                           "[\"\\q\"]",
                                           "{\"a\":[nul]}",
                                           "//x\n1",
                                           "/*x*/1",
                                           "",
                                           "1]",
                                           "--1",
                                           "1.5.5",
                                           "\"\\\"",
                                           "{\"a\":1 \"b\":2}",
                                           std::string("\"\0\"", 3),
                                           "\"\\U0041\"",
                                           "truefalse",
                                           "[[]",
                                           "\"\\ud8\"",
                                           "1 1"};
  for (const std::string& value : values) {
    INFO("\"extra\":" << value);
    check_error_line(h.post("/qa/questions", with_extra(h, value)), 400);
  }
  const std::string good = valid_review(1).text();
  const std::vector<std::string> bodies = {"{",
                                           "}",
                                           "{} {}",
                                           "{}{}",
                                           "{}]",
                                           "{},",
                                           "{}x",
                                           " ",
                                           "\r\n\t ",
                                           "hello",
                                           "'{}'",
                                           "{\"a\"",
                                           "{}\x01",
                                           "\f{}",
                                           "\v{}",
                                           "\xC2\xA0{}",
                                           "{}\xE2\x80\xA8",
                                           good + good,
                                           good + ",",
                                           good + "\n{}",
                                           good + std::string(1, '\0'),
                                           std::string(1, '\0') + good,
                                           "[" + good,
                                           good.substr(0, good.size() - 1),
                                           "rating=5&body=x",
                                           "<xml/>",
                                           "\"",
                                           "[",
                                           ",",
                                           ":",
                                           "{\"a\":1}{\"a\":1}",
                                           "null null",
                                           "1 2",
                                           "\x1e{}"};
  for (const std::string& body : bodies) {
    INFO(body);
    check_error_line(h.post("/reviews", body), 400);
  }
}

TEST_CASE("what is not UTF-8 is 400, also inside what is ignored", "[contract]") {
  house& h = house::open();
  for (const std::string bytes :
       {"\xff", "\xfe", "\x80", "\xC3", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xED\xA0\x80",
        "\xED\xBF\xBF", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xE2\x82", "\xF0\x9F\x91", "caf\xE9"}) {
    INFO("bytes " << json_text(bytes));
    check_error_line(h.post("/qa/questions", with_extra(h, '"' + bytes + '"')), 400);
    check_error_line(
        h.post("/qa/questions", valid_question(h.fresh_product()).with("body", '"' + bytes + '"').text()),
        400);
    check_error_line(h.post("/qa/questions", "{" + bytes + "}"), 400);
  }
  // UTF-16, as some clients write files.
  std::string utf16 = "\xff\xfe";
  for (const char c : valid_question(1).text()) utf16 += std::string{c, '\0'};
  check_error_line(h.post("/qa/questions", utf16), 400);
  check_error_line(h.post("/qa/questions", utf16.substr(2)), 400);
}

TEST_CASE("a byte-order mark before the JSON is skipped, and alone it is not JSON", "[contract]") {
  house& h = house::open();
  const std::string bom = "\xEF\xBB\xBF";
  CHECK(h.post("/reviews", bom + valid_review(h.fresh_product()).text()).status == 201);
  CHECK(h.post("/qa/questions", bom + " \n" + valid_question(h.fresh_product()).text()).status == 201);
  check_error_line(h.post("/reviews", bom), 400);
  check_error_line(h.post("/reviews", bom + " "), 400);
  check_error_line(h.post("/reviews", bom + bom + valid_review(1).text()), 400);
  check_error_line(h.post("/reviews", " " + bom + valid_review(1).text()), 400);
  check_error_line(h.post("/reviews", valid_review(1).text() + bom), 400);
}

TEST_CASE("blanks round the JSON are nothing", "[contract]") {
  house& h = house::open();
  CHECK(h.post("/reviews", "\r\n\t " + valid_review(h.fresh_product()).text() + " \n\t\r").status == 201);
}

TEST_CASE("64 levels of nesting are JSON, 65 are 400", "[contract]") {
  house& h = house::open();
  const auto arrays = [](std::size_t n) { return repeated("[", n) + repeated("]", n); };
  const auto objects = [](std::size_t n) { return repeated("{\"a\":", n - 1) + "{}" + repeated("}", n - 1); };
  CHECK(h.post("/qa/questions", with_extra(h, arrays(63))).status == 201);  // the body itself is the first
  CHECK(h.post("/qa/questions", with_extra(h, objects(63))).status == 201);
  check_error_line(h.post("/qa/questions", with_extra(h, arrays(64))), 400);
  check_error_line(h.post("/qa/questions", with_extra(h, objects(64))), 400);
  check_error_line(h.post("/qa/questions", arrays(65)), 400);
  CHECK(h.post("/qa/questions", arrays(64)).status == 422);  // JSON, but no object
  check_error_line(h.post("/qa/questions", repeated("[", 100'000)), 400);
  check_error_line(h.post("/qa/questions", repeated("[", 100'000) + repeated("]", 100'000)), 400);
  check_error_line(h.post("/qa/questions", with_extra(h, repeated("[{\"a\":", 20'000))), 400);
}

TEST_CASE("a type that is none, JSON or text/plain is taken; any other is 415", "[contract]") {
  house& h = house::open();
  const auto answer = [&h](const std::string& type) {
    return h.post("/qa/questions", valid_question(h.fresh_product()).text(), {{"Content-Type", type}});
  };
  for (const std::string type :
       {"application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8",
        "APPLICATION/JSON", "application/vnd.api+json", "application/problem+json", "text/json", "text/plain",
        "text/plain;charset=UTF-8", "Text/Plain", "application/ld+json; profile=\"x\"", "text/x-json+JSON"}) {
    INFO(type);
    CHECK(answer(type).status == 201);
  }
  for (const std::string type :
       {"application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/html",
        "application/xml", "application/jsonx", "application/xjson", "application/json-seq", "json",
        "image/png", "text/plainer", "application/octet-stream", "application/x; json",
        "text/html; a=application/json"}) {
    INFO(type);
    check_error_line(answer(type), 415);
  }
  // No type at all.
  const std::string body = valid_question(h.fresh_product()).text();
  http_client client = h.connect();
  client.send(fmt::format("POST /qa/questions HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n{}",
                          body.size(), body));
  CHECK(client.read().status == 201);
}

TEST_CASE("a body of 262144 bytes is taken and one byte more is 413, on all three POSTs", "[contract]") {
  house& h = house::open();
  const std::int64_t product = h.fresh_product();
  const std::int64_t question = h.post_question({.product = product, .body = "why?", .name = "asker"});
  const std::vector<std::pair<std::string, members>> kinds = {
      {"/reviews", valid_review(product)},
      {"/qa/questions", valid_question(product)},
      {fmt::format("/qa/questions/{}/answers", question), valid_answer()}};
  for (const auto& [path, base] : kinds) {
    INFO(path);
    CHECK(h.post(path, padded_to(base, body_bytes_max)).status == 201);
    check_error_line(h.post(path, padded_to(base, body_bytes_max + 1)), 413);
  }
}

TEST_CASE("a chunked body is counted by what it carries", "[contract]") {
  house& h = house::open();
  const auto in_chunks = [](const std::string& body, std::size_t size) {
    std::string out = "POST /qa/questions HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t at = 0; at < body.size(); at += size) {
      const std::string piece = body.substr(at, size);
      out += fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
    }
    return out + "0\r\n\r\n";
  };
  const members base = valid_question(h.fresh_product());
  for (const std::size_t size : {std::size_t{7}, std::size_t{1000}, std::size_t{65'536}, body_bytes_max}) {
    INFO("chunks of " << size);
    http_client client = h.connect();
    client.send(in_chunks(padded_to(base, body_bytes_max), size));
    CHECK(client.read().status == 201);
    client.send(in_chunks(padded_to(base, body_bytes_max + 1), size));
    check_error_line(client.read(), 413);
  }
}

TEST_CASE("413 can be read by a client that is still sending", "[contract]") {
  house& h = house::open();
  for (const std::string framing : {"Content-Length: 20000000", "Transfer-Encoding: chunked"}) {
    INFO(framing);
    const bool chunked = framing.front() == 'T';
    http_client client = h.connect();
    client.send("POST /reviews HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n" + framing +
                "\r\n\r\n");
    const std::string piece(64 * 1024, ' ');
    try {
      for (int i = 0; i < 16; ++i) {  // 1 MB: far over the limit, and far from its end
        client.send(chunked ? fmt::format("{:x}\r\n{}\r\n", piece.size(), piece) : piece);
      }
    } catch (const std::runtime_error&) {  // it may stop taking more; its answer must still be there
    }
    check_error_line(client.read(), 413);
  }
}

TEST_CASE("a body over the limit is 413 on GET and PUT too", "[contract]") {
  house& h = house::open();
  const std::string over(body_bytes_max + 1, 'x');
  for (const std::string target :
       {"/reviews?product_id=1", "/reviews/meta?product_id=1", "/qa/questions?product_id=1"}) {
    INFO(target);
    check_error_line(h.send("GET", target, {}, over), 413);
  }
  for (const std::string target : {"/reviews/1/helpful", "/qa/answers/1/report"}) {
    INFO(target);
    check_error_line(h.send("PUT", target, {}, over), 413);
  }
}

TEST_CASE("a GET with a body is served, its body drained", "[contract]") {
  house& h = house::open();
  http_client client = h.connect();
  const std::string expected = questions_json(h.expected, 2);
  for (const std::string& body :
       {std::string("{}"), std::string("not json"), std::string(body_bytes_max, 'x')}) {
    const http_answer a =
        client.request("GET", "/qa/questions?product_id=2", {{"Content-Type", "application/json"}}, body);
    CHECK(a.status == 200);
    CHECK(a.body == expected);
  }
  client.send(
      "GET /qa/questions?product_id=2 HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: "
      "chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n");
  CHECK(client.read().body == expected);
  CHECK(client.get("/qa/questions?product_id=2").body == expected);
}

TEST_CASE("a client that expects 100 Continue gets it before it sends the body", "[contract]") {
  house& h = house::open();
  const std::string body = valid_question(h.fresh_product()).text();
  http_client client = h.connect();
  client.send(fmt::format(
      "POST /qa/questions HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
      body.size()));
  CHECK(client.read().status == 100);
  client.send(body);
  CHECK(client.read().status == 201);
}

}  // namespace atelier::test
