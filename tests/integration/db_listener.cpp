// The listener's promise on a loop that has far too much to do.
#include "core/open_files.hpp"
#include "db/listener.hpp"
#include "support/postgres.hpp"

#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <catch2/catch.hpp>

#include <memory>
#include <vector>

using namespace atelier;
using namespace atelier::test;
using namespace std::chrono_literals;

namespace {

struct nobody : db::listener_events {
  void listening() override {}
  void announced(std::string_view) override {}
  void caught_up() override {}
  void lost() override {}
};

// A socket that is ready again as soon as it was served, and takes its time each time.
class greedy {
 public:
  using socket = asio::local::stream_protocol::socket;

  greedy(asio::io_context& loop, std::function<void()> work)
      : near_(loop), far_(loop), work_(std::move(work)) {
    asio::local::connect_pair(near_, far_);
    far_.write_some(asio::buffer("x", 1));
    wait();
  }

 private:
  void wait() {
    near_.async_wait(socket::wait_read, [this](error_code error) {
      if (error) return;
      char byte;
      near_.read_some(asio::buffer(&byte, 1));
      const auto until = clock::now() + 200us;
      while (clock::now() < until) {
      }
      work_();
      far_.write_some(asio::buffer("x", 1));
      wait();
    });
  }

  socket near_;
  socket far_;
  std::function<void()> work_;
};

}  // namespace

TEST_CASE("who hurries stays fresh on a loop that takes too long to come round", "[db]") {
  REQUIRE(raise_open_files_limit() > 2200);
  test_database database(test_database::content::nothing);
  asio::io_context loop;
  nobody events;
  db::pool_options where;
  where.conninfo = database.conninfo();
  db::listener listener(loop, where, {.channel = "news"}, events);
  listener.start();

  std::size_t asked = 0;
  std::size_t fresh = 0;
  const auto begin = clock::now();
  std::vector<std::unique_ptr<greedy>> sockets;
  while (clock::now() - begin < 20s && !listener.is_listening()) loop.run_for(10ms);
  REQUIRE(listener.is_listening());
  for (int i = 0; i < 1000; ++i)
    sockets.push_back(std::make_unique<greedy>(loop, [&] {
      listener.hurry();
      ++asked;
      if (listener.fresh_since() + 250ms >= clock::now()) ++fresh;
    }));
  loop.run_for(4s);
  REQUIRE(asked > 100);
  CHECK(fresh > asked / 2);  // without hurry() a round trip is older than a lease when it is heard of

  sockets.clear();
  listener.stop();
  loop.run_for(1s);
}
