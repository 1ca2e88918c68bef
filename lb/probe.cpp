#include "lb/probe.hpp"

#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <array>

namespace atelier::lb {
namespace {

// One question, with one deadline for all of it.
class question : public std::enable_shared_from_this<question> {
 public:
  explicit question(asio::io_context& loop) : socket_(loop), deadline_(loop) {}

  task<probe_answer> ask(const worker& asked, const probe_rules& rules) {
    deadline_.expires_after(rules.timeout);
    deadline_.async_wait([self = shared_from_this()](error_code over) {
      if (over) return;
      self->expired_ = true;
      error_code ignored;
      self->socket_.close(ignored);
    });
    auto answer = co_await talk(asked, rules);
    deadline_.cancel();
    error_code ignored;
    socket_.close(ignored);
    if (expired_) answer = silence("no answer in time");
    co_return answer;
  }

 private:
  static probe_answer silence(std::string why) { return {false, true, std::move(why)}; }

  task<probe_answer> talk(const worker& asked, const probe_rules& rules) {
    const auto not_connected = co_await connect_to(socket_, asked.endpoint, expired_);
    if (not_connected) co_return silence(not_connected.message());
    const auto request =
        fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: atelier-probe\r\nConnection: close\r\n\r\n",
                    rules.path, asked.host);
    const auto [not_sent, sent] = co_await asio::async_write(socket_, asio::buffer(request), no_throw);
    if (not_sent) co_return silence(not_sent.message());
    http::response_head head;
    std::size_t interim_bytes = 0;
    for (std::size_t held = 0; held < bytes_.size();) {
      const auto [error, n] = co_await socket_.async_read_some(asio::buffer(bytes_) + held, no_throw);
      if (error) co_return silence(error.message());
      held += n;
      const auto outcome = read_final_head(held, interim_bytes, head);
      if (outcome.what == http::head_outcome::kind::refused)
        co_return probe_answer{false, false, std::string(outcome.reason)};
      if (outcome.what == http::head_outcome::kind::incomplete) continue;
      const bool good = head.status >= 200 && head.status < 400;
      co_return probe_answer{good, false, good ? "" : fmt::format("status {}", head.status)};
    }
    co_return probe_answer{false, false, "the head of the answer is too large"};
  }

  // Passes over interim answers, which with the final head are to fit into the room that there is.
  http::head_outcome read_final_head(std::size_t held, std::size_t& interim_bytes,
                                     http::response_head& head) {
    for (;;) {
      const std::string_view bytes(bytes_.data() + interim_bytes, held - interim_bytes);
      const auto outcome = http::parse_response_head(bytes, {}, http::method::get, head);
      const bool is_interim =
          outcome.what == http::head_outcome::kind::complete && head.status < 200 && head.status != 101;
      if (!is_interim) return outcome;
      interim_bytes += outcome.size;
    }
  }

  tcp_socket socket_;
  timer deadline_;
  std::array<char, 4096> bytes_;
  bool expired_ = false;
};

}  // namespace

task<> probe(context& shared, std::shared_ptr<worker> asked, const probe_rules& rules, const bool& stopped) {
  timer pause(shared.loop);
  while (!stopped && !asked->left) {
    const auto one = std::make_shared<question>(shared.loop);
    const auto answer = co_await one->ask(*asked, rules);
    if (stopped || asked->left) co_return;
    shared.pool.probed(*asked, answer);
    pause.expires_after(rules.interval);
    co_await pause.async_wait(no_throw);
  }
}

}  // namespace atelier::lb
