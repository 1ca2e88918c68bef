#include "lb/client.hpp"

#include "core/http/problem.hpp"
#include "lb/error_answer.hpp"
#include "lb/proxy_header.hpp"
#include "lb/workspace.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace atelier::lb {
namespace {

constexpr std::chrono::milliseconds before_rest{500};  // longer than who asks all the time waits

// As X-Forwarded-For and Forwarded say it (RFC 7239 section 6.2).
std::string name_of(const std::string& peer) { return peer == "unix" ? "unknown" : peer; }

}  // namespace

client_connection::client_connection(context& shared, tcp_socket socket, bool draining)
    : shared_(shared),
      socket_(std::move(socket)),
      wait_(shared.loop),
      address_(name_of(peer_of(socket_))),
      closing_(draining),
      leaves_at_rest_(draining) {
  shared_.guard.add(*this);
}

client_connection::~client_connection() {
  if (counted_) shared_.clients.disconnect(client_key(address_));
  shared_.workspaces.give_back(std::move(space_));
}

bool client_connection::is_forwarding() const { return space_ && space_->under_way; }

void client_connection::expire() noexcept {
  if (is_forwarding()) return space_->under_way->expire();
  expired_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

void client_connection::drain(bool leave_at_rest) {
  closing_ = true;
  if (leave_at_rest && !asked_before_ && stage_ == stage::idle && !std::exchange(leaves_soon_, true)) {
    deadline = std::min(deadline, shared_.guard.now() + before_rest);  // its first request is on its way
    return;
  }
  leaves_at_rest_ = leave_at_rest;
  error_code ignored;
  if (leave_at_rest && stage_ == stage::idle) socket_.cancel(ignored);
}

void client_connection::cut() {
  cut_ = true;
  if (is_forwarding()) space_->under_way->cut();
  error_code ignored;
  socket_.cancel(ignored);
}

// False: the client is gone.
bool client_connection::receive() {
  if (!space_) space_ = shared_.workspaces.take();
  auto& in = space_->in;
  if (in.space_bytes() == 0) in.reserve(in.size() + workspace::block_bytes);
  const auto room = in.space_bytes();
  const auto n = ::recv(socket_.native_handle(), in.space(), room, MSG_DONTWAIT);
  // After a short read there is nothing more but perhaps the client's end, which came with the bytes and
  // wakes nobody. Who has asked before and goes on asking is not looked at for it each time: going to rest
  // will.
  is_empty_ = (n < 0 && errno == EAGAIN) || (n > 0 && asked_before_ && static_cast<std::size_t>(n) < room);
  if (n > 0) {
    in.commit(static_cast<std::size_t>(n));
    shared_.count.bytes_in += static_cast<std::uint64_t>(n);
    return true;
  }
  return n < 0 && (errno == EAGAIN || errno == EINTR);
}

client_connection::found client_connection::look(http::head_outcome& outcome) {
  if (!space_ || space_->in.empty()) return found::nothing;
  // An empty line behind a body is forgiven (RFC 9112 section 2.2), and is not the beginning of a request.
  if (stage_ == stage::forwarding && space_->in.readable() == "\r\n") space_->in.clear();
  outcome = http::parse_request_head(space_->in.readable(), shared_.bounds.head, shared_.request);
  switch (outcome.what) {
    case http::head_outcome::kind::complete:
      return found::request;
    case http::head_outcome::kind::refused:
      return found::fault;
    case http::head_outcome::kind::incomplete:
      break;
  }
  return found::nothing;
}

// Nothing is held for a connection without a request.
void client_connection::await_bytes() {
  if (!space_ || space_->in.empty()) {
    shared_.workspaces.give_back(std::move(space_));
    stage_ = stage::idle;
    deadline = shared_.guard.now() + std::min<clock::duration>(before_rest, shared_.bounds.idle_timeout);
  } else if (stage_ != stage::reading) {
    stage_ = stage::reading;  // this deadline does not move: a trickle is no progress
    deadline = shared_.from_now(shared_.bounds.head_timeout);
  }
}

// Where clients must introduce themselves, one that has not is given no more time than for a head.
void client_connection::begin_rest() {
  const bool is_unknown = shared_.bounds.proxy_protocol && !introduced_;
  shared_.workspaces.give_back(std::move(space_));
  deadline = shared_.from_now(is_unknown ? shared_.bounds.head_timeout : shared_.bounds.idle_timeout);
}

// False: there is none that is right, and nobody is answered whose name we do not know.
task<bool> client_connection::read_proxy_header() {
  stage_ = stage::reading;
  deadline = shared_.from_now(shared_.bounds.head_timeout);
  for (;;) {
    const auto header = lb::read_proxy_header(space_ ? space_->in.readable() : std::string_view());
    if (header.what == proxy_header::kind::refused) {
      ++shared_.count.refused;
      co_return false;
    }
    if (header.what == proxy_header::kind::complete) {
      space_->in.consume(header.size);
      if (!header.client.empty()) address_ = header.client;
      stage_ = stage::idle;
      co_return true;
    }
    co_await socket_.async_wait(tcp_socket::wait_read, no_throw);
    const bool had_some = space_ && !space_->in.empty();
    if (cut_ || expired_ || !receive() || (space_->in.empty() && had_some)) co_return false;
  }
}

// False: this address has as many connections as it may.
bool client_connection::admit() {
  const auto& bounds = shared_.bounds;
  trusted_ = !bounds.trusted_proxies.empty() && bounds.trusted_proxies.contains(std::string_view(address_));
  if (bounds.client.connections_max == 0 || trusted_) return true;
  counted_ = shared_.clients.connect(client_key(address_), bounds.client);
  return counted_;
}

// False: it is refused.
task<bool> client_connection::introduce() {
  if (shared_.bounds.proxy_protocol) {
    const bool introduced = co_await read_proxy_header();
    if (!introduced) co_return false;
  }
  if (!admit()) {
    ++shared_.count.limited;
    if (!space_) space_ = shared_.workspaces.take();
    co_await refuse(429, "too many connections from this address, close some");
    co_return false;
  }
  introduced_ = true;
  co_return true;
}

// A plain function: as part of a coroutine this would be put together in its frame, member by member.
exchange& client_connection::begin_exchange(std::size_t head_bytes) {
  const client_side side{socket_,   *space_, {.address = address_, .trusted = trusted_}, *this, closing_,
                         is_empty_, wait_};
  return space_->under_way.emplace(shared_, side, head_bytes);
}

task<bool> client_connection::run() {
  is_empty_ = false;  // something woke us
  if (!introduced_) {
    const bool may_ask = co_await introduce();
    if (!may_ask) co_return false;
  }
  http::head_outcome outcome;
  for (;;) {
    const auto what = look(outcome);
    if (what == found::nothing) {
      if (!is_empty_) {
        if (!receive()) co_return false;
        continue;
      }
      await_bytes();
      const auto leaves = [&] { return leaves_at_rest_ && stage_ == stage::idle; };
      if (!leaves()) co_await wait_.on(socket_);
      if (cut_) co_return false;
      if (std::exchange(expired_, false)) {
        if (stage_ == stage::idle) {
          if (!receive()) co_return false;
          if (space_->in.empty()) co_return !leaves_soon_;
          continue;
        }
        co_await refuse(408, "the request did not arrive in time, send it again");
        co_return false;
      }
      if (!receive() || (leaves() && space_->in.empty())) co_return false;
      continue;
    }
    if (what == found::fault) {
      co_await refuse(outcome.status, outcome.reason);
      co_return false;
    }

    stage_ = stage::forwarding;
    auto& one = begin_exchange(outcome.size);
    // As a rule there is only the worker's answer to wait for, which takes no coroutine of its own.
    const bool has_begun = one.begins_at_once();
    auto needs = has_begun ? one.advance() : 0U;
    while (one.is_read(needs)) {
      co_await one.wait_to_read(needs);
      needs = one.advance();
    }
    if (!one.is_answered()) co_await forward(one, has_begun);
    const auto ending = one.end();
    space_->under_way.reset();
    if (ending == exchange::ending::linger) co_await linger();
    if (ending == exchange::ending::cut) {
      // A reset, so that nobody takes a part for the whole. Closed here: Asio's destructor would undo the
      // option.
      error_code ignored;
      socket_.set_option(asio::socket_base::linger(true, 0), ignored);
      socket_.close(ignored);
    }
    if (ending != exchange::ending::go_on) co_return false;
    asked_before_ = true;
  }
}

void client_connection::log_refusal(unsigned status, std::string_view id, std::size_t sent_bytes) {
  if (!shared_.log || !shared_.log->wants(false)) return;
  shared_.log->write({.request_id = id,
                      .client = address_,
                      .status = status,
                      .ended = status == 429 ? "limited" : "refused",
                      .received_bytes = space_->in.size(),
                      .sent_bytes = sent_bytes});
}

// Not one byte of such a request reaches a worker.
task<> client_connection::refuse(unsigned status, std::string_view reason) {
  if (status != 429) ++shared_.count.refused;
  ++shared_.count.answers[status / 100];
  stage_ = stage::refusing;
  expired_ = false;
  const auto id = shared_.ids.next();
  outgoing out;
  error_answer answer{.status = status,
                      .sentence = reason,
                      .as_problem = http::accepts_problem(space_->in.readable()),
                      .keep_alive = false,
                      .request_id = id,
                      .retry_after = std::chrono::seconds(status == 429)};
  write_error_answer(answer, out.text);
  log_refusal(status, id, out.text.size());
  deadline = shared_.from_now(shared_.bounds.body_timeout);
  for (;;) {
    std::size_t none = 0;
    const auto how = out.send(socket_.native_handle(), nullptr, none, shared_.count.bytes_out);
    if (how == sending::all) break;
    if (how == sending::broken || expired_ || cut_) co_return;
    co_await socket_.async_wait(tcp_socket::wait_write, no_throw);
  }
  co_await linger();
}

// The client may still be sending: closing now would reset the connection and take our answer with it (RFC
// 9112 section 9.6).
task<> client_connection::linger() {
  stage_ = stage::lingering;
  expired_ = false;
  deadline = shared_.from_now(shared_.bounds.linger_timeout);
  error_code ignored;
  socket_.shutdown(tcp_socket::shutdown_send, ignored);
  for (auto& in = space_->in;;) {
    co_await socket_.async_wait(tcp_socket::wait_read, no_throw);
    if (expired_ || cut_) co_return;
    in.clear();
    const auto n = ::recv(socket_.native_handle(), in.space(), in.space_bytes(), MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) co_return;
  }
}

}  // namespace atelier::lb
