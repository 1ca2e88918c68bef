// An answer that goes on, by a server of our own in this process.
#include "core/http/event_feed.hpp"
#include "core/http/server.hpp"
#include "support/http_client.hpp"
#include "support/wait.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <catch2/catch.hpp>
#include <sys/socket.h>

#include <future>
#include <thread>

using namespace atelier;
using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

class news final : public http::service {
 public:
  http::event_feed feed{3};

  bool answer_now(const http::request& asked, http::responder& out) override {
    if (asked.head.path != "/events")
      out.send({200, http::text_type, {}, "plain"});
    else if (!feed.has_room())
      out.send({503, http::text_type, {}, "full"});
    else
      out.begin({200, http::events_type, "Cache-Control: no-store\r\n", "data: hello\n\n"}, feed);
    return true;
  }
  task<> answer(const http::request&, http::responder&) override { co_return; }
  http::response refusal(unsigned status, std::string_view, bool) override { return {status, {}, {}, {}}; }
};

// The server on a thread; whatever touches it from a test is run there.
class house {
 public:
  explicit house(http::server_limits limits = {}) : server_(loop_, news_, limits) {
    REQUIRE(server_.listen({"127.0.0.1", 0}));
    server_.start();
    const auto where = server_.listening_on();
    port = static_cast<std::uint16_t>(std::stoi(where.substr(where.rfind(':') + 1)));
    thread_ = std::thread([this] { loop_.run(); });
  }

  template <class F>
  auto there(F f) {
    std::packaged_task<decltype(f())()> asked(std::move(f));
    auto done = asked.get_future();
    asio::post(loop_, [asked = std::move(asked)]() mutable { asked(); });
    return done.get();
  }
  ~house() {
    end_within(0ms);
    there([&] { open_.reset(); });
    thread_.join();
  }

  void publish(std::string data) {
    there([&] { news_.feed.publish(http::format_event("", data)); });
    there([] {});  // who was woken has run
  }
  std::size_t listeners() {
    return there([&] { return news_.feed.listeners(); });
  }
  std::size_t connections() {
    return there([&] { return server_.connections(); });
  }
  void end_feed() {
    there([&] { news_.feed.end(); });
  }
  void end_within(std::chrono::milliseconds patience) {
    there([&] { asio::co_spawn(loop_, server_.drain(patience), asio::detached); });
  }

  std::uint16_t port = 0;

 private:
  asio::io_context loop_{1};
  // A test may ask after the server has ended.
  asio::executor_work_guard<executor> open_{loop_.get_executor()};
  news news_;
  http::server server_;
  std::thread thread_;
};

constexpr auto ask = "GET /events HTTP/1.1\r\nHost: a\r\n\r\n";

// One who listens.
struct listener {
  http_client client;
  explicit listener(house& of, std::string_view request = ask) : client(of.port) {
    const auto before = of.listeners();
    client.send(request);
    REQUIRE(wait_until(5s, [&] { return of.listeners() == before + 1; }));
  }
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("everyone who listens gets what is published, until the server drains", "[http]") {
  house server;
  listener one(server);
  listener old(server, "GET /events HTTP/1.0\r\n\r\n");
  server.publish("first");
  server.publish("second");
  server.end_within(60s);
  for (auto* client : {&one.client, &old.client}) {
    const auto all = client->read_all();
    CHECK(has(all, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"));
    CHECK(has(all, "Connection: close\r\n"));
    CHECK_FALSE(has(all, "Content-Length"));
    CHECK(all.ends_with("\r\n\r\ndata: hello\n\ndata: first\n\ndata: second\n\n"));
  }
}

TEST_CASE("HEAD of an answer that goes on is its head alone", "[http]") {
  house server;
  http_client client(server.port);
  client.send("HEAD /events HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto all = client.read_all();
  CHECK(has(all, "Content-Type: text/event-stream\r\n"));
  CHECK(all.ends_with("\r\n\r\n"));
  CHECK(server.listeners() == 0);
}

TEST_CASE("so many may listen and no more; one that leaves or speaks makes room", "[http]") {
  house server;
  auto first = std::make_unique<listener>(server);
  listener second(server);
  listener third(server);
  CHECK(fetch(server.port, "/events").status == 503);
  CHECK(fetch(server.port, "/").body == "plain");
  first.reset();
  CHECK(wait_until(5s, [&] { return server.listeners() == 2; }));
  second.client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(wait_until(5s, [&] { return server.listeners() == 1; }));
  listener fourth(server);
  server.publish("x");
  server.end_feed();
  CHECK(has(fourth.client.read_all(), "data: x\n\n"));
  CHECK(fetch(server.port, "/events").status == 503);
}

TEST_CASE("one that reads slowly skips events and holds no one up", "[http]") {
  house server;
  listener slow(server);
  const std::string large(4 * 1024 * 1024, 'x');  // more than both kernels' buffers take
  for (int i = 0; i < 20; ++i) server.publish(std::to_string(i) + ' ' + large);
  server.publish("the end");
  CHECK(fetch(server.port, "/").body == "plain");
  server.end_within(10s);
  const auto got = slow.client.read_all();
  CHECK(has(got, "data: 0 "));
  CHECK(got.ends_with("data: the end\n\n"));
  CHECK(got.size() < 8 * large.size());
}

TEST_CASE("one that takes nothing is cut after the time for writing; one that has nothing to take is not",
          "[http]") {
  http::server_limits limits;
  limits.idle_timeout = 300ms;
  limits.write_timeout = 2s;
  house server(limits);
  listener patient(server);
  listener stuck(server);
  CHECK(wait_until(5s, [&] { return server.listeners() == 2; }));
  std::this_thread::sleep_for(900ms);  // no limit of a connection at rest counts here
  CHECK(server.listeners() == 2);
  server.publish(std::string(16 * 1024 * 1024, 'x'));
  std::thread reading([&] { patient.client.read_all(); });
  CHECK(wait_until(10s, [&] { return server.listeners() == 1; }));
  CHECK(server.connections() == 1);
  server.end_within(0ms);
  reading.join();
}
