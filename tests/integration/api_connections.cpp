// What one connection may do, and what the access log says of it.
#include "support/http_client.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"
#include "support/wait.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <simdjson.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <thread>

using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

struct worker {
  test_database database{test_database::content::schema};
  temp_dir folder;
  std::uint16_t port = free_port();
  child_process process;

  explicit worker(std::vector<std::string> more) : process(ATELIER_PROGRAM, arguments(std::move(more))) {
    REQUIRE(wait_until(20s, [&] { return is_listening(port) && fetch(port, "/ready").status == 200; }));
  }
  std::vector<std::string> arguments(std::vector<std::string> more) const {
    more.insert(more.begin(),
                {"api", "--listen", fmt::format("127.0.0.1:{}", port), "--db", database.conninfo()});
    for (auto& word : more)
      if (word == "LOG") word = log_file();
    return more;
  }
  std::string log_file() const { return (folder.path() / "access.log").string(); }

  // Its lines that hold the text, as soon as there are that many.
  std::vector<std::string> lines(const std::string& text, std::size_t count = 1) const {
    std::vector<std::string> found;
    wait_until(5s, [&] {
      found.clear();
      std::ifstream in(log_file());
      for (std::string line; std::getline(in, line);)
        if (line.find(text) != std::string::npos) found.push_back(line);
      return found.size() >= count;
    });
    return found;
  }
};

std::string connection_of(const http_answer& answer) {
  return answer.header("Connection").value_or("(none)");
}

}  // namespace

TEST_CASE("the last request that a connection may ask is answered with close", "[api]") {
  const worker w({"--requests-max", "3"});
  http_client client(w.port);
  CHECK(connection_of(client.get("/live")) == "(none)");
  CHECK(connection_of(client.get("/reviews?product_id=1")) == "(none)");
  CHECK(connection_of(client.get("/live")) == "close");
  CHECK_THROWS(client.get("/live"));
}

TEST_CASE("a connection that is too old is closed with its next answer", "[api]") {
  const worker w({"--age-max", "300ms"});
  http_client client(w.port);
  CHECK(connection_of(client.get("/live")) == "(none)");
  std::this_thread::sleep_for(900ms);
  CHECK(connection_of(client.get("/live")) == "close");
}

TEST_CASE("each request is a line with its id, its trace, its route and no query", "[api]") {
  const worker w({"--access-log", "full", "--access-log-file", "LOG"});
  const auto trace = std::string("0af7651916cd43dd8448eb211c80319c");
  http_client(w.port).get(
      "/reviews/meta/?product_id=123456",
      {{"X-Request-Id", "one-of-mine"}, {"traceparent", "00-" + trace + "-b7ad6b7169203331-01"}});
  const auto found = w.lines("one-of-mine");
  REQUIRE(found.size() == 1);
  const auto& line = found[0];
  for (const auto& part :
       std::vector<std::string>{trace, "method=GET", "path=/reviews/meta/", "route=/reviews/meta",
                                "status=200", "client=127.0.0.1", "total_ms="})
    CHECK(line.find(part) != std::string::npos);
  CHECK(line.find("123456") == std::string::npos);
  // One that the client did not name has both all the same.
  const auto made = *http_client(w.port).get("/live").header("X-Request-Id");
  CHECK(w.lines(made).size() == 1);
}

TEST_CASE("a refused request is a line too", "[api]") {
  const worker w({"--access-log", "full", "--access-log-format", "json", "--access-log-file", "LOG"});
  http_client client(w.port);
  client.send("GET /live HTTP/1.1\r\n\r\n");
  CHECK(client.read().status == 400);
  const auto found = w.lines("refused");
  REQUIRE(found.size() == 1);
  simdjson::dom::parser parser;
  const simdjson::dom::element line = parser.parse(simdjson::padded_string(found[0]));
  CHECK(std::int64_t(line["status"]) == 400);
}

TEST_CASE("a request that is refused behind its head keeps its ids, and its line says what it was", "[api]") {
  const worker w({"--body-timeout", "500ms", "--access-log", "full", "--access-log-file", "LOG"});
  const auto trace = std::string("0af7651916cd43dd8448eb211c80319c");
  const auto head = [&](const std::string& id, const std::string& framing) {
    return fmt::format(
        "POST /reviews?a=secret HTTP/1.1\r\nHost: h\r\nX-Request-Id: {}\r\n"
        "traceparent: 00-{}-b7ad6b7169203331-01\r\n{}\r\n\r\n",
        id, trace, framing);
  };
  const std::string chunked = "Transfer-Encoding: chunked";
  const auto megabyte = std::string(1 << 20, 'a');
  struct refused {
    std::string id;
    std::string bytes;
    int status;
  };
  const auto received_bytes_of = [](const std::string& line) {
    const std::string field = "received_bytes=";
    const auto at = line.find(field);
    return at == line.npos ? std::size_t{0} : std::stoul(line.substr(at + field.size()));
  };
  for (const auto& [id, bytes, status] :
       {refused{"too-long", head("too-long", "Content-Length: 300000"), 413},
        refused{"too-many-chunks", head("too-many-chunks", chunked) + "100000\r\n" + megabyte, 413},
        refused{"no-chunk", head("no-chunk", chunked) + "5\r\nabcde\r\nno\r\n", 400},
        refused{"too-late", head("too-late", "Content-Length: 100000") + std::string(50'000, 'a'), 408}}) {
    INFO(id);
    http_client client(w.port);
    client.send(bytes);
    const auto answer = client.read();
    CHECK(answer.status == status);
    CHECK(answer.header("X-Request-Id") == id);
    const auto found = w.lines("request_id=" + id);
    REQUIRE(found.size() == 1);
    for (const auto& part : {"trace_id=" + trace, std::string("method=POST"), std::string("path=/reviews "),
                             fmt::format("status={}", status), std::string("ended=refused")})
      CHECK_THAT(found[0], Catch::Contains(part));
    // What came until then: all, unless it was too much.
    if (id == "too-many-chunks")
      CHECK(received_bytes_of(found[0]) > 262'144);
    else
      CHECK(received_bytes_of(found[0]) == bytes.size());
  }
  http_client large(w.port);
  large.send("GET /live HTTP/1.1\r\nHost: h\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n");
  CHECK(large.read().status == 431);
  const auto of_large = w.lines("status=431");
  REQUIRE(of_large.size() == 1);
  CHECK(received_bytes_of(of_large[0]) > 16'000);
  // Of a head that cannot be read nothing is believed.
  http_client client(w.port);
  client.send("GET /live HTTP/1.1\r\nX-Request-Id: believe-me\r\n\r\n");
  const auto answer = client.read();
  CHECK(answer.status == 400);
  CHECK(answer.header("X-Request-Id") != "believe-me");
}

TEST_CASE("a sample of the requests is written, and every one that went wrong", "[api]") {
  const worker w({"--access-log", "sampled", "--access-log-sample", "10", "--access-log-file", "LOG"});
  http_client client(w.port);
  for (int i = 0; i < 200; ++i) client.get("/live");
  CHECK(w.lines("path=/live", 20).size() == 20);
}

TEST_CASE("a byte pair between requests starts no clock", "[api]") {
  const worker w({"--head-timeout", "500ms", "--idle-timeout", "30s"});
  http_client client(w.port);
  client.send("GET /live HTTP/1.1\r\nHost: h\r\n\r\n\r\n");
  CHECK(client.read().status == 200);
  std::this_thread::sleep_for(1500ms);
  CHECK(client.get("/live").status == 200);
}

TEST_CASE("empty lines do not keep a connection at rest open, however they are cut", "[api]") {
  const worker w({"--head-timeout", "30s", "--idle-timeout", "1s"});
  const std::vector<std::vector<std::string>> kinds = {{"\r\n"}, {"\r\n\r\n\r\n"}, {"\r", "\n"}};
  for (const auto& pieces : kinds) {
    INFO(pieces.front().size() << " bytes a time");
    http_client client(w.port);
    CHECK(client.get("/live").status == 200);
    const auto is_cut = [&] {
      try {
        for (const auto& piece : pieces) {
          client.send(piece);
          std::this_thread::sleep_for(100ms);
        }
        return false;
      } catch (const std::runtime_error&) {
        return true;
      }
    };
    CHECK(wait_until(10s, is_cut));
  }
}

TEST_CASE("the answers to requests that came together leave together", "[api]") {
  const auto admin = free_port();
  const worker w({"--admin", fmt::format("127.0.0.1:{}", admin)});
  http_client client(w.port);
  const std::string target = "/reviews/meta?product_id=1";
  const auto is_kept = [&] {
    const std::string hits = "\natelier_api_cache_reads_total{outcome=\"hit\"} ";
    CHECK(client.get(target).status == 200);
    const auto page = fetch(admin, "/metrics").body;
    const auto at = page.find(hits);
    return at != page.npos && page[at + hits.size()] != '0';
  };
  REQUIRE(wait_until(20s, is_kept));
  const auto one = fmt::format("GET {} HTTP/1.1\r\nHost: h\r\n\r\n", target);
  constexpr int together = 20;
  std::string all;
  for (int i = 0; i < together; ++i) all += one;
  const auto before = client.segments_received();
  client.send(all);
  for (int i = 0; i < together; ++i) CHECK(client.read().status == 200);
  CHECK(client.segments_received() == before + 1);
}

TEST_CASE("a head, a target and a body have the bounds that the worker was given: 431, 414, 413", "[api]") {
  const worker w({"--head-bytes-max", "2000", "--target-bytes-max", "100", "--body-bytes-max", "50"});
  const auto status = [&](const std::string& method, const std::string& target, const http_headers& headers,
                          const std::string& body) {
    return http_client(w.port).request(method, target, headers, body).status;
  };
  CHECK(status("GET", "/live", {{"X-Long", std::string(1800, 'a')}}, "") == 200);
  CHECK(status("GET", "/live", {{"X-Long", std::string(2000, 'a')}}, "") == 431);
  CHECK(status("GET", "/live?" + std::string(94, 'a'), {}, "") == 200);
  CHECK(status("GET", "/live?" + std::string(95, 'a'), {}, "") == 414);
  CHECK(status("GET", "/live", {}, std::string(50, 'a')) == 200);
  CHECK(status("GET", "/live", {}, std::string(51, 'a')) == 413);
}

TEST_CASE("a head or a body that trickles in is 408, and a connection at rest is closed", "[api]") {
  const worker w({"--head-timeout", "500ms", "--body-timeout", "500ms", "--idle-timeout", "500ms"});
  http_client head(w.port);
  http_client body(w.port);
  http_client rest(w.port);
  CHECK(rest.get("/live").status == 200);
  head.send("GET /live HTTP/1.1\r\nHo");
  body.send("POST /qa/questions HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\na");
  // A byte now and then is no progress.
  for (int i = 0; i < 3; ++i) {
    std::this_thread::sleep_for(100ms);
    head.send("o");
    body.send("a");
  }
  CHECK(head.read().status == 408);
  CHECK(body.read().status == 408);
  CHECK(rest.is_closed());
}

TEST_CASE("a client that takes nothing of its answers is cut", "[api]") {
  const worker w({"--write-timeout", "500ms"});
  constexpr int asked = 500;
  const auto bytes = fetch(w.port, "/openapi.json").body.size();
  http_client client(w.port);
  for (int i = 0; i < asked; ++i) client.send("GET /openapi.json HTTP/1.1\r\nHost: h\r\n\r\n");
  std::this_thread::sleep_for(2s);
  std::size_t got = 0;
  try {
    got = client.read_all().size();
  } catch (const std::exception&) {  // what was cut with requests unread ends in a reset
  }
  CHECK(got < asked * bytes);
}

TEST_CASE("a refused client that goes on sending is cut", "[api]") {
  const worker w({"--linger-timeout", "500ms"});
  http_client client(w.port);
  client.send("no request\r\n\r\n");
  CHECK(client.read().status == 400);
  CHECK(wait_until(4s, [&] {
    try {
      client.send("more");
      return false;
    } catch (const std::runtime_error&) {
      return true;
    }
  }));
}

TEST_CASE("a worker accepts no more connections than allowed, and serves those that wait when there is room",
          "[api]") {
  const worker w({"--connections-max", "2"});
  auto first = std::make_unique<http_client>(w.port);
  http_client second(w.port);
  CHECK(first->get("/live").status == 200);
  CHECK(second.get("/live").status == 200);
  http_client third(w.port, 500ms);
  third.send("GET /live HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK_THROWS(third.read());
  http_client fourth(w.port);
  fourth.send("GET /live HTTP/1.1\r\nHost: h\r\n\r\n");
  first.reset();
  { const auto gone = std::move(third); }
  CHECK(fourth.read().status == 200);
}
