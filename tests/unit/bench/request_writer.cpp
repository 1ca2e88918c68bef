#include "bench/load/request_writer.hpp"

#include <catch2/catch.hpp>

#include <array>

using namespace atelier::bench;

namespace {

constexpr std::string_view stage_and_id =
    R"({"stages": [{"for": "1s", "rate": 1}], "values": {"id": {"law": "range", "first": 7, "last": 9}}, "requests": )";

scenario asking(const std::string& requests) {
  auto read = parse_scenario(std::string(stage_and_id) + requests + "}");
  INFO((read ? "" : read.error().what));
  REQUIRE(read);
  return std::move(*read);
}

}  // namespace

TEST_CASE("a request is written whole, with drawn values in the places of their names", "[bench]") {
  const auto what = asking(R"([{"target": "/reviews/${id}", "headers": {"Accept": "*/*"}}])");
  request_writer writer(what, "shop", 1);
  std::string out;
  writer.append(0, out);
  writer.append(0, out);
  CHECK(out ==
        "GET /reviews/7 HTTP/1.1\r\nHost: shop\r\nAccept: */*\r\n\r\n"
        "GET /reviews/8 HTTP/1.1\r\nHost: shop\r\nAccept: */*\r\n\r\n");
}

TEST_CASE("what has a body says its length, also a write without one", "[bench]") {
  const auto what = asking(R"([{"name": "post", "method": "POST", "target": "/", "body": {"id": "${id}"}},
                 {"name": "put", "method": "PUT", "target": "/"}, {"name": "head", "method": "HEAD", "target": "/"}])");
  request_writer writer(what, "shop", 1);
  std::array<std::string, 3> out;
  for (std::size_t kind = 0; kind < out.size(); ++kind) writer.append(kind, out[kind]);
  CHECK(out[0].ends_with("Content-Length: 8\r\n\r\n{\"id\":7}"));
  CHECK(out[1].ends_with("Content-Length: 0\r\n\r\n"));
  CHECK(out[2] == "HEAD / HTTP/1.1\r\nHost: shop\r\n\r\n");
}

TEST_CASE("a drawn value is the same in target, header, body and expectation, a drawn text too", "[bench]") {
  const auto what = asking(
      R"([{"method": "POST", "target": "/${id}?w=${words}", "headers": {"Idempotency-Key": "k${id}", "content-type": "text/plain"},
    "body": {"w": "${words}"}, "expect": {"json": {"/id": "${id}"}}}], "values": {"id": {"law": "range", "first": 7, "last": 9}, "words": {"law": "text", "bytes": 9}})");
  request_writer writer(what, "shop", 1);
  for (const std::string id : {"7", "8"}) {
    std::string out;
    const auto sent = writer.append(0, out);
    CHECK(std::to_string(sent.numbers[0]) == id);
    CHECK(out.starts_with("POST /" + id + "?w="));
    CHECK(out.find("Idempotency-Key: k" + id + "\r\n") != out.npos);
    CHECK(out.find("application/json") == out.npos);
    const auto words = out.substr(out.find("?w=") + 3, 9);
    CHECK(out.ends_with("{\"w\":\"" + words + "\"}"));
  }
}

TEST_CASE("kinds come by their weights", "[bench]") {
  const auto what =
      asking(R"([{"name": "often", "weight": 3, "target": "/"}, {"name": "seldom", "target": "/"}])");
  request_writer writer(what, "shop", 1);
  std::array<int, 2> times{};
  for (int i = 0; i < 40'000; ++i) ++times[writer.pick_kind()];
  CHECK(times[0] == Approx(30'000).epsilon(0.05));
}

TEST_CASE("one body in so many is looked into, where something is expected of it", "[bench]") {
  const auto what = asking(R"([{"target": "/", "expect": {"json": {"/n": 1}, "every": 2}}])");
  request_writer writer(what, "shop", 1);
  std::string out;
  CHECK(writer.append(0, out).look_inside);
  CHECK_FALSE(writer.append(0, out).look_inside);
  CHECK(writer.append(0, out).look_inside);
}
