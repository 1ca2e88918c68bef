#include "support/cutting_relay.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>

namespace atelier::test {

struct cutting_relay::pair {
  explicit pair(tcp_socket from) : client(std::move(from)), server(client.get_executor()) {}

  void end() {
    error_code ignored;
    client.close(ignored);
    server.close(ignored);
  }

  tcp_socket client;
  unix_socket server;
};

cutting_relay::cutting_relay(const std::string& socket_path)
    : server_(socket_path), acceptor_(loop_, {asio::ip::address_v4::loopback(), 0}) {
  asio::co_spawn(loop_, accept(), asio::detached);
  thread_ = std::thread([this] { loop_.run(); });
}

cutting_relay::~cutting_relay() {
  loop_.stop();
  thread_.join();
}

void cutting_relay::cut_after(std::size_t bytes) {
  const std::lock_guard locked(guard_);
  left_ = bytes;
}

std::size_t cutting_relay::passed() const {
  const std::lock_guard locked(guard_);
  return passed_;
}

// How much of it may go. Counted before it goes, so that who has received it finds it counted.
std::size_t cutting_relay::take(std::size_t size) {
  const std::lock_guard locked(guard_);
  const auto may_pass = std::min(left_, size);
  if (left_ != never) left_ = may_pass < size ? never : left_ - size;
  passed_ += may_pass;
  return may_pass;
}

task<> cutting_relay::accept() {
  for (;;) {
    auto [error, client] = co_await acceptor_.async_accept(no_throw);
    if (error) co_return;
    if (refuses_) continue;  // the client's connection ends
    const auto both = std::make_shared<pair>(std::move(client));
    both->server.connect(server_, error);
    if (error) continue;
    asio::co_spawn(loop_, pass_requests(both), asio::detached);
    asio::co_spawn(loop_, pass_answers(both), asio::detached);
  }
}

task<> cutting_relay::pass_requests(std::shared_ptr<pair> both) {
  std::array<char, 65'536> bytes{};
  for (;;) {
    const auto [error, size] = co_await both->client.async_read_some(asio::buffer(bytes), no_throw);
    if (error) break;
    const auto [unsent, n] =
        co_await asio::async_write(both->server, asio::buffer(bytes.data(), size), no_throw);
    if (unsent) break;
  }
  both->end();
}

task<> cutting_relay::pass_answers(std::shared_ptr<pair> both) {
  std::array<char, 65'536> bytes{};
  for (;;) {
    const auto [error, size] = co_await both->server.async_read_some(asio::buffer(bytes), no_throw);
    if (error) break;
    const auto may_pass = take(size);
    const auto part = asio::buffer(bytes.data(), may_pass);
    const auto [unsent, n] = co_await asio::async_write(both->client, part, no_throw);
    if (unsent) break;
    if (may_pass < size) {
      error_code ignored;
      both->client.set_option(asio::socket_base::linger(true, 0), ignored);  // closing resets
      break;
    }
  }
  both->end();
}

}  // namespace atelier::test
