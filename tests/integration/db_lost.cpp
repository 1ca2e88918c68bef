// Connections that break under what was asked, or are not the first that was tried: the answers are right all
// the same.
#include "integration/db_callers.hpp"
#include "support/cutting_relay.hpp"
#include "support/process.hpp"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <optional>
#include <string>
#include <thread>

using namespace atelier;
using namespace atelier::db_callers;

namespace {

// The server behind a relay.
struct relayed_table : with_table {
  cutting_relay relay{shared_postgres().socket_folder() + "/.s.PGSQL.5432"};

  std::string through(const std::string& hosts, const std::string& ports) const {
    return fmt::format("{} host={} port={} sslmode=disable gssencmode=disable", conninfo(), hosts, ports);
  }
  std::string through() const { return through("127.0.0.1", std::to_string(relay.port())); }
};

// Says to everybody what a server says that is not yet ready (SQLSTATE 57P03), so that libpq closes this
// socket and goes on to the next server with another.
class starting_server {
 public:
  starting_server() : acceptor_(loop_, {asio::ip::address_v4::loopback(), 0}) {
    asio::co_spawn(loop_, serve(), asio::detached);
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~starting_server() {
    loop_.stop();
    thread_.join();
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  int refused() const { return refused_; }

 private:
  task<> serve() {
    using namespace std::string_literals;
    const auto fields = "SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"s;
    const auto refusal = "E\0\0\0"s + static_cast<char>(4 + fields.size()) + fields;
    for (;;) {
      auto [error, client] = co_await acceptor_.async_accept(no_throw);
      if (error) co_return;
      std::array<char, 1024> startup{};
      co_await client.async_read_some(asio::buffer(startup), no_throw);
      co_await client.async_write_some(asio::buffer(refusal), no_throw);
      ++refused_;
    }
  }

  asio::io_context loop_;
  tcp_acceptor acceptor_;
  std::atomic<int> refused_ = 0;
  std::thread thread_;
};

// Ends the session that waits for a lock, once there is one.
void end_the_waiting_one(callers& c, sql& watcher) {
  REQUIRE(wait_until(20s, [&] {
    c.loop.run_for(5ms);
    return watcher.run("select count(*)" + waiting_sessions) == "1";
  }));
  watcher.run("select pg_terminate_backend(pid, 10000)" + waiting_sessions);
}

}  // namespace

TEST_CASE("a read whose session is ended is sent once more, on another connection, and no third time",
          "[db]") {
  const with_table t;
  callers c(t.conninfo());
  sql watcher(t.conninfo());
  locked_table lock(t);
  std::vector<db::outcome> rows;
  const auto note = [&](const db::outcome& o) { rows.push_back(o); };

  c.ask_for(written, number(1), note);
  end_the_waiting_one(c, watcher);
  lock.release();
  REQUIRE(c.finish());
  REQUIRE(rows.size() == 1);
  REQUIRE(rows[0].has_value());
  CHECK(rows[0]->int8(0, 0) == 0);
  CHECK(c.pool.counted().repeated == 1);

  REQUIRE(c.becomes_whole());  // nor would a connection be ready while the table is locked
  locked_table again(t);
  c.ask_for(written, number(1), note);
  end_the_waiting_one(c, watcher);
  end_the_waiting_one(c, watcher);
  REQUIRE(c.finish());
  REQUIRE(rows.size() == 2);
  REQUIRE_FALSE(rows[1].has_value());
  CHECK(rows[1].error().what == db::errc::connection_lost);
  CHECK_FALSE(rows[1].error().may_have_run);
  CHECK(c.pool.counted().repeated == 2);
}

TEST_CASE("a read whose session was the only one is sent once more by the next", "[db]") {
  const with_table t;
  auto options = callers::patient();
  options.connections = 1;
  callers c(t.conninfo(), options);
  sql watcher(t.conninfo());
  locked_table lock(t);
  std::optional<db::outcome> read;
  c.ask_for(written, number(1), [&](const db::outcome& o) { read = o; });
  end_the_waiting_one(c, watcher);
  lock.release();
  REQUIRE(c.finish());
  REQUIRE(read->has_value());
  CHECK((*read)->int8(0, 0) == 0);
  CHECK(c.pool.counted().repeated == 1);
}

TEST_CASE("a read under way when the pool is stopped is answered", "[db]") {
  const with_table t;
  auto options = callers::patient();
  options.connections = 1;
  callers c(t.conninfo(), options);
  sql watcher(t.conninfo());
  const locked_table lock(t);
  std::optional<db::outcome> read;
  c.ask_for(written, number(1), [&](const db::outcome& o) { read = o; });
  SECTION("its session is up") {
    REQUIRE(wait_until(20s, [&] {
      c.loop.run_for(5ms);
      return watcher.run("select count(*)" + waiting_sessions) == "1";
    }));
  }
  SECTION("its session has just ended") { end_the_waiting_one(c, watcher); }
  c.pool.stop();
  REQUIRE(c.finish(20s));
  REQUIRE_FALSE(read->has_value());
  CHECK(read->error().what == db::errc::unavailable);
}

TEST_CASE("a read whose session was the only one waits for one attempt to open another", "[db]") {
  relayed_table t;
  auto options = callers::patient();
  options.connections = 1;
  callers c(t.through(), options);
  std::optional<db::outcome> read;
  t.relay.cut_after(1'000'000);
  t.relay.refuse();
  c.ask_for(repeat, number(4'000'000), [&](const db::outcome& o) { read = o; });
  REQUIRE(c.finish());
  REQUIRE_FALSE(read->has_value());
  CHECK(read->error().what == db::errc::unavailable);
}

TEST_CASE("an answer of megabytes that is cut in its middle comes whole from another connection", "[db]") {
  relayed_table t;
  callers c(t.through());
  std::size_t size = 0;
  t.relay.cut_after(1'000'000);
  c.ask_for(repeat, number(4'000'000),
            [&](const db::outcome& o) { size = o ? o->text(0, 0).size() : std::size_t{0}; });
  REQUIRE(c.finish());
  CHECK(size == 4'000'000);
  CHECK(c.pool.counted().repeated == 1);
}

TEST_CASE("wherever an answer is cut, a read has its own and of a write it is told that it may be done",
          "[db]") {
  relayed_table t;
  callers c(t.through());
  const auto bytes_of = [&](std::size_t what) {
    const auto before = t.relay.passed();
    c.ask_for(what, number(7), [](const db::outcome&) {});
    REQUIRE(c.finish());
    return t.relay.passed() - before;
  };
  const auto of_read = bytes_of(echo_number);
  const auto of_write = bytes_of(insert);
  int wrong = 0;
  std::uint64_t cuts = 0;
  for (std::size_t at = 0; at < of_read; at += 9, ++cuts) {
    REQUIRE(c.becomes_whole());
    t.relay.cut_after(at);
    c.ask_for(echo_number, number(7), [&](const db::outcome& o) { wrong += !o || o->int8(0, 0) != 7; });
    REQUIRE(c.finish());
    REQUIRE(wait_until(20s, [&] {
      c.loop.run_for(1ms);
      return c.pool.counted().lost == cuts + 1;
    }));
  }
  CHECK(wrong == 0);
  CHECK(c.pool.counted().repeated > 0);
  for (std::size_t at = 0; at < of_write; at += 9) {
    const auto rows = t.rows();
    REQUIRE(c.becomes_whole());
    t.relay.cut_after(at);
    c.ask_for(insert, number(7), [&](const db::outcome& o) {
      wrong += o || o.error().what != db::errc::connection_lost || !o.error().may_have_run;
    });
    REQUIRE(c.finish());
    CHECK(t.rows() == rows + 1);  // here it was done; nobody does it a second time
  }
  CHECK(wrong == 0);
}

TEST_CASE(
    "of several servers the one that lets us in is found: the first is not there, the next still starts",
    "[db]") {
  relayed_table t;
  const starting_server starts;
  const auto closed = free_port();
  callers c(t.through("127.0.0.1,127.0.0.1,127.0.0.1",
                      fmt::format("{},{},{}", closed, starts.port(), t.relay.port())));
  CHECK(starts.refused() == 3);
  int right = 0;
  for (int i = 0; i < 100; ++i)
    c.ask_for(echo_number, number(i), [&, i](const db::outcome& o) { right += o && o->int8(0, 0) == i; });
  REQUIRE(c.finish());
  CHECK(right == 100);
}
