#include "core/http/connection.hpp"

#include "core/http/problem.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace atelier::http {

namespace {

// A client's end that came with its last request wakes nobody: after so long without another it is looked
// for.
constexpr auto look_for_end_after = 500ms;

}  // namespace

connection::connection(server& owner, tcp_socket socket)
    : owner_(owner), socket_(std::move(socket)), wait_(owner.loop_) {
  owner_.watchdog_.add(*this);
  closing_ = owner_.draining_;
  opened_ = owner_.watchdog_.now();
}

connection::~connection() { owner_.workspaces_.give_back(std::move(space_)); }

void connection::expire() noexcept {
  expired_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

void connection::drain() {
  closing_ = true;
  error_code ignored;
  if (stage_ == stage::idle || stage_ == stage::listening) socket_.cancel(ignored);
}

void connection::cut() {
  error_code ignored;
  socket_.close(ignored);
}

connection::received connection::receive() {
  if (!space_) space_ = owner_.workspaces_.take();
  auto& in = space_->in;
  if (in.space_bytes() == 0) in.reserve(std::max(reader_.bytes_wanted(), in.size() + 1));
  const auto room = in.space_bytes();
  const auto n = ::recv(socket_.native_handle(), in.space(), room, MSG_DONTWAIT);
  if (n > 0) {
    in.commit(static_cast<std::size_t>(n));
    owner_.counters_.bytes_in += static_cast<std::uint64_t>(n);
    // The first request is read on after, so that who sends it and ends is not made to wait.
    kernel_is_empty_ = requests_ > 0 && static_cast<std::size_t>(n) < room;
    return received::bytes;
  }
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return received::nothing;
  return received::end;
}

void connection::rest() {
  if (space_ && space_->in.empty() && stage_ == stage::idle) owner_.workspaces_.give_back(std::move(space_));
}

// Waits for bytes. False: the connection is to be left.
task<bool> connection::readable() {
  rest();
  if (closing_ && stage_ == stage::idle) co_return false;
  auto bytes = wait_.on(socket_);
  co_await std::move(bytes);  // NOLINT(performance-move-const-arg): what is awaited is an rvalue
  if (!socket_.is_open()) co_return false;
  if (expired_ && stage_ == stage::idle && !std::exchange(looked_for_end_, true)) {
    expired_ = false;
    deadline = owner_.watchdog_.now() + owner_.limits_.idle_timeout;
  }
  if (expired_ && stage_ == stage::reading) {
    answer_refusal(408, "the request did not arrive in time, send it again");
    if (co_await flush()) co_await linger();
    co_return false;
  }
  co_return !expired_;
}

void connection::begin_rest() {
  stage_ = stage::idle;
  looked_for_end_ = false;
  deadline =
      owner_.watchdog_.now() + std::min<clock::duration>(look_for_end_after, owner_.limits_.idle_timeout);
}

void connection::watch_reading(request_reader::state state) {
  if (state == request_reader::state::nothing) {
    if (stage_ != stage::idle) begin_rest();  // else an empty line came, which is no progress either
    return;
  }
  const auto now = owner_.watchdog_.now();
  const bool in_body = state == request_reader::state::body;
  if (stage_ == stage::reading && in_body_ == in_body)
    return;  // this deadline does not move: a trickle is no progress
  stage_ = stage::reading;
  in_body_ = in_body;
  deadline = now + (in_body ? owner_.limits_.body_timeout : owner_.limits_.head_timeout);
}

std::string_view connection::request_id() {
  if (const auto sent = space_->head.fields.find("x-request-id"); sent && is_request_id(*sent)) return *sent;
  if (!std::exchange(has_made_id_, true)) owner_.ids_.next().copy(made_id_.data(), made_id_.size());
  return {made_id_.data(), made_id_.size()};
}

void connection::answer_refusal(unsigned status, std::string_view reason) {
  ++owner_.counters_.refused;
  closing_ = true;
  auto& in = space_->in;
  auto& head = space_->head;
  // What is known of the request is said with its refusal. While a body comes the head's views may have
  // ended.
  if (!reader_.head_is_known() || parse_request_head(in.readable(), owner_.limits_.head, head).size == 0)
    head = {};
  const auto id = request_id();
  responder out(space_->out, owner_.unsent_, head, id, closing_);
  const bool as_problem = accepts_problem(in.readable());  // of a head that is not known, too
  out.send(owner_.service_.refusal(status, reason, as_problem));
  if (owner_.log_ && owner_.log_->wants(false)) log_refusal(id, reason, out);
}

void connection::request_done(const request& asked, const responder& out) {
  if (owner_.log_) log(asked, out);
  stage_ = stage::answering;  // what is read next has a deadline of its own
  closing_ |= out.closes();
  continue_sent_ = false;
  has_made_id_ = false;
  reader_.consume(space_->in);
  ++owner_.counters_.requests;
}

// The last one that this connection may ask says so in its answer.
void connection::begin_request() {
  const auto& limits = owner_.limits_;
  if (++requests_ >= limits.requests_max || owner_.watchdog_.now() - opened_ >= limits.age_max)
    closing_ = true;
  if (owner_.log_) asked_at_ = clock::now();
}

void connection::log(const request& asked, const responder& out) {
  const bool went_wrong = out.status() >= 500;
  if (!owner_.log_->wants(went_wrong)) return;
  const access_entry::phase total[]{{"total", clock::now() - asked_at_}};
  const access_entry::word route[]{{"route", out.route()}};
  access_entry entry;
  entry.ended = "done";
  entry.went_wrong = went_wrong;
  entry.received_bytes = reader_.received_bytes();
  entry.phases = total;
  entry.more = route;
  log(entry, asked.head, asked.id, out);
}

void connection::log_refusal(std::string_view id, std::string_view reason, const responder& out) {
  const access_entry::word why[]{{"reason", reason}};
  access_entry entry;
  entry.ended = "refused";
  entry.received_bytes = reader_.received_bytes(space_->in);
  entry.more = why;
  log(entry, space_->head, id, out);
}

// With who asked for what, as far as the head is known.
void connection::log(access_entry& entry, const request_head& head, std::string_view id,
                     const responder& out) {
  if (client_.empty()) client_ = peer_of(socket_);
  const auto parent = head.fields.find("traceparent");
  entry.request_id = id;
  entry.trace_id = parent ? trace_id(*parent) : std::string_view();
  if (entry.trace_id.empty()) entry.trace_id = owner_.ids_.next();
  entry.client = client_;
  entry.method = head.verb_text;
  entry.path = head.path;
  entry.status = out.status();
  entry.sent_bytes = out.bytes();
  owner_.log_->write(entry);
}

// Answers every request in the buffer that needs no waiting.
connection::next connection::answer_all() {
  auto& space = *space_;
  for (;;) {
    const auto state = reader_.look(space.in, space.head, owner_.limits_.head, owner_.limits_.body_bytes_max);
    if (state == request_reader::state::refused) {
      answer_refusal(reader_.status(), reader_.reason());
      return next::close;
    }
    if (state != request_reader::state::complete) {
      watch_reading(state);
      if (state == request_reader::state::body && space.head.expects_continue && !continue_sent_) {
        space.out.text += "HTTP/1.1 100 Continue\r\n\r\n";
        continue_sent_ = true;
      }
      return next::wait;
    }
    begin_request();
    const request asked{space.head, reader_.body(), request_id()};
    responder out(space.out, owner_.unsent_, space.head, asked.id, closing_);
    if (!owner_.service_.answer_now(asked, out)) return next::ask;
    request_done(asked, out);
    if (closing_) {
      feed_ = out.feed();
      return next::close;
    }
    if (space.out.size() >= owner_.limits_.out_bytes_high_water) return next::again;
  }
}

// One system call, as a rule. True: all is with the kernel.
bool connection::send_now() {
  return space_->out.send_to(socket_.native_handle(), owner_.counters_.bytes_out);
}

// Sends everything, waiting for a slow client. False: it is gone or too slow, or there is no room to wait.
task<bool> connection::flush() {
  const auto stage_before = stage_;
  const auto deadline_before = deadline;
  unsent_budget::share held(owner_.unsent_);
  while (!send_now()) {
    if (errno != EAGAIN && errno != EINTR) co_return false;
    if (!held.holds(space_->out, space_->in.capacity())) co_return false;
    stage_ = stage::writing;
    deadline = owner_.watchdog_.now() + owner_.limits_.write_timeout;
    const auto [error] = co_await socket_.async_wait(tcp_socket::wait_write, no_throw);
    if (error) co_return false;
  }
  stage_ = stage_before;
  deadline = deadline_before;
  co_return true;
}

// After a refusal the client may still be sending: closing now would reset the connection and take our answer
// with it (RFC 9112 section 9.6). So end our side, and throw away what comes, for a while.
task<> connection::linger() {
  error_code ignored;
  socket_.shutdown(tcp_socket::shutdown_send, ignored);
  stage_ = stage::lingering;
  expired_ = false;
  deadline = owner_.watchdog_.now() + owner_.limits_.linger_timeout;
  space_->in.clear();
  for (;;) {
    const auto [error] = co_await socket_.async_wait(tcp_socket::wait_read, no_throw);
    if (error || expired_) co_return;
    const auto n =
        ::recv(socket_.native_handle(), space_->in.space(), space_->in.space_bytes(), MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) co_return;
  }
}

task<> connection::end() {
  if (feed_)
    co_await send_events(*feed_);
  else
    co_await linger();
}

task<> connection::run() {
  begin_rest();
  for (;;) {
    const auto got = kernel_is_empty_ ? received::nothing : receive();
    if (got == received::end) co_return;
    if (got == received::nothing) {
      kernel_is_empty_ = false;
      if (!co_await readable()) co_return;
      continue;
    }
    for (auto what = next::again; what != next::wait;) {
      what = answer_all();
      bool client_is_there = true;
      if (!space_->out.empty() && !send_now()) client_is_there = co_await flush();
      if (client_is_there && what == next::ask) client_is_there = co_await ask(what);
      if (!client_is_there) co_return;
      if (what == next::close) {
        co_await end();
        co_return;
      }
    }
  }
}

// A request that must wait for its answer. False: the client is gone.
task<bool> connection::ask(next& what) {
  const request asked{space_->head, reader_.body(), request_id()};
  responder out(space_->out, owner_.unsent_, space_->head, asked.id, closing_);
  stage_ = stage::answering;
  deadline = clock::time_point::max();
  co_await owner_.service_.answer(asked, out);
  request_done(asked, out);
  if (closing_) what = next::close;
  if (send_now()) co_return true;
  co_return co_await flush();
}

}  // namespace atelier::http
