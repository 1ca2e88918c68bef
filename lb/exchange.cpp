#include "lb/exchange.hpp"

#include "lb/error_answer.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace atelier::lb {

using http::framing;
using http::method;

namespace {

constexpr unsigned interim_answers_max = 32;         // 1xx to one request; more: the worker is broken
constexpr std::size_t receive_bytes_min = 8 * 1024;  // room worth a system call

bool is_safe(method verb) { return verb == method::get || verb == method::head || verb == method::options; }

}  // namespace

bool workspace::worth_keeping() {
  constexpr std::size_t kept_bytes_max = 64 * 1024;  // after a burst of large bodies the memory goes back
  if (in.capacity() > kept_bytes_max || from_worker.capacity() > kept_bytes_max ||
      to_worker.text.capacity() > kept_bytes_max || to_client.text.capacity() > kept_bytes_max)
    return false;
  in.clear();
  from_worker.clear();
  to_worker.clear();
  to_client.clear();
  return true;
}

exchange::exchange(context& shared, client_side client, std::size_t head_bytes)
    : shared_(shared),
      client_(client),
      space_(client.space),
      head_bytes_(head_bytes),
      verb_(shared.request.verb),
      minor_version_(shared.request.minor_version),
      wants_keep_alive_(shared.request.keep_alive),
      body_framing_(shared.request.body),
      content_length_(shared.request.content_length) {
  ++shared_.in_flight;
  ++shared_.count.requests;
  if (const auto accept = shared.request.fields.find("accept"))
    wants_problem_ = http::list_contains(*accept, "application/problem+json");
  space_.request_id.clear();
  cursor_ = head_bytes_;
  body_ = reframer(body_framing_, content_length_, body_framing_);
  client_.guard.deadline = clock::time_point::max();
}

exchange::~exchange() {
  leave_worker(false);
  --shared_.in_flight;
  if (!counts_as_retry_) return;
  --shared_.retries_under_way;
  while (!shared_.retry_line.empty() &&
         shared_.bounds.budget.allows(shared_.retries_under_way, shared_.in_flight)) {
    ++shared_.retries_under_way;  // on behalf of whoever it is given to
    shared_.retry_line.give(true);
  }
}

void exchange::expire() noexcept {
  expired_ = true;
  error_code ignored;
  client_.socket.cancel(ignored);
  if (upstream_) upstream_->socket.cancel(ignored);
}

void exchange::cut() noexcept {
  cut_ = true;
  expire();
}

// ---- a worker, and a connection to it

bool exchange::choose_worker() {
  worker_ = shared_.pool.acquire(avoid_);
  return worker_ != nullptr;
}

task<> exchange::wait_for_worker() {
  parsed_ = false;
  worker_ = co_await shared_.pool.acquire_later();
  if (worker_) co_return;
  ++shared_.count.unavailable;
  answer_error(503, shared_.pool.any_usable() ? "all workers are busy, try again"
                                              : "no worker is available, try again");
}

bool exchange::take_connection() {
  while (!fresh_only_ && (upstream_ = worker_->take_idle())) {
    // What may not be sent twice is not sent into a connection that its worker has closed already.
    if (is_safe(verb_) || is_still_open(*upstream_)) return true;
  }
  return false;
}

task<> exchange::connect() {
  upstream_ = std::make_unique<upstream>(shared_.loop);
  auto& socket = upstream_->socket;
  error_code error;
  socket.open(worker_->endpoint.protocol(), error);
  if (!error) socket.non_blocking(true, error);
  if (!error) socket.set_option(asio::ip::tcp::no_delay(true), error);
  if (error) co_return fail(fault::no_connection);
  ++worker_->counters.connections;
  parsed_ = false;
  client_.guard.deadline = shared_.from_now(shared_.bounds.connect_timeout);
  if (::connect(socket.native_handle(), worker_->endpoint.data(),
                static_cast<socklen_t>(worker_->endpoint.size())) != 0) {
    if (errno != EINPROGRESS) co_return fail(fault::no_connection);
    co_await socket.async_wait(tcp_socket::wait_write, no_throw);
    int problem = 0;
    socklen_t size = sizeof problem;
    if (expired_ || ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_ERROR, &problem, &size) != 0 ||
        problem != 0)
      fail(fault::no_connection);
    if (!cut_) expired_ = false;
  }
}

// The request from its beginning, the first time and again.
void exchange::start_sending() {
  if (!std::exchange(parsed_, false))
    (void)http::parse_request_head(space_.in.readable().substr(0, head_bytes_), shared_.bounds.head,
                                   shared_.request);
  space_.to_worker.clear();
  space_.from_worker.clear();
  const auto id = space_.request_id.empty() ? shared_.ids.next() : std::string_view(space_.request_id);
  const auto facts =
      write_request_head(shared_.request, client_.facts, worker_->name, id, space_.to_worker.text);
  repeatable_ = facts.repeatable;
  space_.request_id = facts.request_id;
  cursor_ = head_bytes_;
  body_ = reframer(body_framing_, content_length_, body_framing_);
  sent_bytes_ = 0;
  worker_is_empty_ = true;
}

// ---- the relay

unsigned exchange::advance() {
  if (cut_) turn_ = end_of_turn::gone;
  if (expired_ && turn_ == end_of_turn::none) time_is_over();
  if (turn_ != end_of_turn::none) return 0;
  unsigned needs = 0;
  if (!upload_done_ && !upload_broken_) needs |= upload();
  if (turn_ == end_of_turn::none) needs |= download();
  if (turn_ != end_of_turn::none) return 0;
  // The first byte of the answer has a deadline of its own, set when the request was complete.
  if (!upload_done_ || byte_of_answer_ || answer_done_)
    client_.guard.deadline = shared_.from_now(shared_.bounds.body_timeout);
  return needs;
}

unsigned exchange::upload() {
  auto& in = space_.in;
  auto& out = space_.to_worker;
  for (;;) {
    std::size_t run_sent = 0;
    const auto before = worker_->counters.bytes_out;
    const auto how = out.send(upstream_->socket.native_handle(), in.data() + cursor_, run_sent,
                              worker_->counters.bytes_out);
    sent_bytes_ += worker_->counters.bytes_out - before;
    cursor_ += run_sent;
    if (how == sending::blocked) return worker_write;
    if (how == sending::broken) {
      upload_broken_ = true;
      if (sent_bytes_ == 0) fail(fault::lost);
      return 0;
    }
    if (body_.now() == reframer::state::complete) {
      upload_done_ = true;
      client_.guard.deadline = shared_.from_now(shared_.bounds.answer_timeout);
      return 0;
    }
    unsigned needs = 0;
    if (in.size() == cursor_ && !receive_body(needs)) return needs;
    const auto taken = body_.take(in.readable().substr(cursor_), out.text);
    if (body_.now() == reframer::state::refused) {
      refuse_body(400, "the chunked body is malformed");
      return 0;
    }
    if (body_.passes_in_place())
      out.run = taken;
    else
      cursor_ += taken;
  }
}

// False: there is none now, or no client any more.
bool exchange::receive_body(unsigned& needs) {
  auto& in = space_.in;
  if (in.space_bytes() == 0) {
    // From here on the request is too large to be kept: what was sent makes room for what comes.
    kept_ = false;
    in.consume(cursor_);
    cursor_ = 0;
    in.reserve(workspace::block_bytes);
  }
  const auto room = in.space_bytes();
  const auto n =
      client_is_empty_ ? -1 : ::recv(client_.socket.native_handle(), in.space(), room, MSG_DONTWAIT);
  if (n > 0) {
    in.commit(static_cast<std::size_t>(n));
    shared_.count.bytes_in += static_cast<std::uint64_t>(n);
    client_is_empty_ = static_cast<std::size_t>(n) < room;
    return true;
  }
  if (client_is_empty_ || (n < 0 && (errno == EAGAIN || errno == EINTR))) {
    client_is_empty_ = false;
    needs = client_read;
  } else {
    turn_ = end_of_turn::gone;
  }
  return false;
}

unsigned exchange::download() {
  for (bool blocked = false;;) {
    if (!blocked && !flush_to_client(blocked)) return 0;
    if (answer_done_) {
      if (!blocked) turn_ = end_of_turn::answered;
      return blocked ? unsigned{client_write} : 0U;
    }
    if (read_answer()) continue;
    if (turn_ != end_of_turn::none) return 0;
    unsigned needs = blocked ? unsigned{client_write} : 0U;
    if (!receive_answer(needs)) return needs;
  }
}

bool exchange::flush_to_client(bool& blocked) {
  auto& out = space_.to_client;
  if (out.empty()) return true;
  std::size_t run_sent = 0;
  const auto how =
      out.send(client_.socket.native_handle(), space_.from_worker.data(), run_sent, shared_.count.bytes_out);
  if (run_sent > 0) space_.from_worker.consume(run_sent);
  if (how == sending::broken) turn_ = end_of_turn::gone;
  blocked = how == sending::blocked;
  return how != sending::broken;
}

// True: something moved.
bool exchange::read_answer() {
  auto& out = space_.to_client;
  const auto bytes = space_.from_worker.readable().substr(out.run);
  if (bytes.empty()) return false;
  byte_of_answer_ = true;
  if (!head_written_) return read_answer_head(bytes);
  if (out.text_bytes() >= shared_.bounds.answer_bytes_max) return false;
  const auto taken = answer_.take(bytes, out.text);
  if (answer_.passes_in_place())
    out.run += taken;
  else
    space_.from_worker.consume(taken);
  if (answer_.now() == reframer::state::refused) {
    fail(fault::bad_answer);
    return false;
  }
  if (answer_.now() == reframer::state::complete) answer_is_complete();
  return true;
}

bool exchange::read_answer_head(std::string_view bytes) {
  auto& head = shared_.response;
  const auto outcome = http::parse_response_head(bytes, shared_.bounds.head, verb_, head);
  if (outcome.what == http::head_outcome::kind::incomplete) return false;
  const bool refused = outcome.what == http::head_outcome::kind::refused || head.status == 101;
  if (refused || (head.status < 200 && ++interim_answers_ > interim_answers_max)) {
    fail(fault::bad_answer);
    return false;
  }
  if (head.status < 200) {
    if (minor_version_ == 1) write_interim_head(head, space_.to_client.text);
    space_.from_worker.consume(outcome.size);
    return true;
  }
  const auto to_client = framing_for_client(head, minor_version_);
  // An answer that comes before the request has ended is the last one: nobody knows where the next request
  // begins.
  keep_alive_ = wants_keep_alive_ && upload_done_ && !client_.closing && to_client != framing::until_end;
  const answer_facts facts{minor_version_, keep_alive_, space_.request_id};
  write_response_head(head, facts, space_.to_client.text);
  space_.from_worker.consume(outcome.size);
  head_written_ = true;
  worker_keeps_alive_ = head.keep_alive;
  answer_ = reframer(head.body, head.content_length, to_client);
  worker_->state.answered();
  ++worker_->counters.answers[head.status / 100];
  ++shared_.count.answers[head.status / 100];
  if (answer_.now() == reframer::state::complete) answer_is_complete();
  return true;
}

// False: there is none now, or no room for it.
bool exchange::receive_answer(unsigned& needs) {
  auto& from = space_.from_worker;
  if (space_.to_client.text_bytes() >= shared_.bounds.answer_bytes_max) return false;
  if (from.space_bytes() == 0) {
    if (head_written_ &&
        from.size() + receive_bytes_min > std::max(shared_.bounds.answer_bytes_max, from.capacity()))
      return false;
    from.reserve(from.size() + receive_bytes_min);
  }
  if (worker_is_empty_) {
    worker_is_empty_ = false;
    needs |= worker_read;
    return false;
  }
  const auto room = from.space_bytes();
  const auto n = ::recv(upstream_->socket.native_handle(), from.space(), room, MSG_DONTWAIT);
  if (n > 0) {
    from.commit(static_cast<std::size_t>(n));
    worker_->counters.bytes_in += static_cast<std::uint64_t>(n);
    worker_is_empty_ = static_cast<std::size_t>(n) < room;
    return true;
  }
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
    needs |= worker_read;
    return false;
  }
  if (n == 0 && head_written_ && answer_.end(space_.to_client.text)) {
    worker_keeps_alive_ = false;
    answer_is_complete();
    return true;
  }
  fail(fault::lost);
  return false;
}

// The worker is free for others although its answer may still be on the way to a slow client.
void exchange::answer_is_complete() {
  answer_done_ = true;
  const bool nothing_more = space_.from_worker.size() == space_.to_client.run;
  leave_worker(worker_keeps_alive_ && upload_done_ && nothing_more);
  if (!upload_done_) upload_broken_ = true;  // whatever the client still sends is not wanted
}

void exchange::leave_worker(bool reusable) {
  if (upstream_) {
    error_code ignored;
    if (waiting_for_ & (worker_read | worker_write)) upstream_->socket.cancel(ignored);
    if (reusable && worker_->state.usable())
      worker_->give_idle(std::move(upstream_), shared_.guard.now(), shared_.bounds.worker_idle_max);
    upstream_.reset();
  }
  if (worker_) shared_.pool.release(*std::exchange(worker_, nullptr));
}

// ---- what goes wrong

void exchange::time_is_over() {
  expired_ = false;
  if (answer_done_ || !space_.to_client.empty()) {
    turn_ = end_of_turn::gone;  // the client does not take its answer
  } else if (!upload_done_ && !upload_broken_ && space_.to_worker.empty()) {
    refuse_body(408, "the request's body did not arrive in time");
  } else {
    fail(fault::timed_out);
  }
}

// The worker has not seen the end of this request, and will not.
void exchange::refuse_body(unsigned status, std::string_view sentence) {
  ++shared_.count.refused;
  upload_broken_ = true;
  if (head_written_)
    turn_ = end_of_turn::gone;
  else
    answer_error(status, sentence);
}

void exchange::fail(fault how) {
  turn_ = end_of_turn::failed;
  fault_ = how;
}

bool exchange::goes_on() {
  if (turn_ != end_of_turn::failed) return false;
  ++worker_->counters.faults[static_cast<std::size_t>(fault_)];
  client_.guard.deadline = clock::time_point::max();
  // The race with a worker that closes a connection at rest says nothing against the worker, and costs no
  // retry: the next connection is a new one, so it cannot happen twice.
  const bool was_stale = fault_ == fault::lost && !byte_of_answer_ && upstream_ && upstream_->used_before;
  const auto got = byte_of_answer_   ? progress::answer_started
                   : sent_bytes_ > 0 ? progress::sent
                                     : progress::nothing_sent;
  const retry_facts facts{repeatable_, kept_, was_stale ? 0 : retries_done_};
  const bool again = !cut_ && may_retry(got, facts, was_stale ? 1 : shared_.bounds.retries_max);
  auto* failed = worker_;
  leave_worker(false);
  if (was_stale) {
    failed->sweep(clock::time_point::min());
    fresh_only_ = true;
  } else {
    shared_.pool.failed(*failed, fault_);
    if (again) ++retries_done_;
  }
  avoid_ = failed;
  if (again)
    prepare_retry();
  else
    give_up(fault_);
  return turn_ == end_of_turn::none;
}

void exchange::prepare_retry() {
  ++shared_.count.retries;
  turn_ = end_of_turn::none;
  upload_done_ = upload_broken_ = false;
  if (counts_as_retry_) return;
  queued_for_retry_ = !shared_.retry_line.empty() ||
                      !shared_.bounds.budget.allows(shared_.retries_under_way, shared_.in_flight);
  counts_as_retry_ = !queued_for_retry_;
  if (counts_as_retry_) ++shared_.retries_under_way;
}

task<> exchange::wait_for_retry() {
  parsed_ = false;
  queued_for_retry_ = false;
  const auto given = co_await shared_.retry_line.wait(shared_.bounds.queue_timeout);
  counts_as_retry_ = given.has_value();
  if (!counts_as_retry_) answer_error(503, "too many requests are being sent again, try again");
}

void exchange::give_up(fault how) {
  if (head_written_ || cut_) {
    turn_ = end_of_turn::gone;
    return;
  }
  const bool may_be_applied = sent_bytes_ > 0 && !is_safe(verb_);
  switch (how) {
    case fault::no_connection:
      return answer_error(503, "no worker could be reached, try again");
    case fault::timed_out:
      return answer_error(504, may_be_applied
                                   ? "the worker did not answer in time; the request may have been applied"
                                   : "the worker did not answer in time");
    case fault::lost:
      if (may_be_applied)
        return answer_error(503, "the connection to the worker was lost; the request may have been applied");
      return answer_error(502, "the connection to the worker was lost before it answered");
    case fault::bad_answer:
      return answer_error(502, may_be_applied
                                   ? "the worker's answer was malformed; the request may have been applied"
                                   : "the worker's answer was malformed");
  }
}

// What of the request's body has come already belongs to it and not to the next request.
void exchange::skip_body() {
  auto& unsent = space_.to_worker;
  cursor_ += unsent.run;
  unsent.clear();
  cursor_ += body_.take(space_.in.readable().substr(cursor_), unsent.text);
  unsent.clear();
}

void exchange::answer_error(unsigned status, std::string_view sentence) {
  leave_worker(false);
  skip_body();
  upload_broken_ = true;
  keep_alive_ = wants_keep_alive_ && !client_.closing && body_.now() == reframer::state::complete;
  if (space_.request_id.empty()) space_.request_id = shared_.ids.next();
  error_answer answer{.status = status,
                      .sentence = sentence,
                      .as_problem = wants_problem_,
                      .without_body = verb_ == method::head,
                      .keep_alive = keep_alive_,
                      .minor_version = minor_version_,
                      .request_id = space_.request_id};
  if (status >= 502) answer.retry_after = 1s;
  write_error_answer(answer, space_.to_client.text);
  ++shared_.count.answers[status / 100];
  head_written_ = answer_done_ = true;
  turn_ = end_of_turn::none;  // to be sent
}

exchange::ending exchange::end() {
  leave_worker(false);
  if (turn_ != end_of_turn::answered) {
    ++shared_.count.broken_off;
    return ending::cut;
  }
  space_.in.consume(cursor_);
  if (keep_alive_) return ending::go_on;
  return body_.now() == reframer::state::complete && space_.in.empty() ? ending::close : ending::linger;
}

// ---- waiting

tcp_socket& exchange::socket_of(unsigned one_need) {
  return one_need & (client_read | client_write) ? client_.socket : upstream_->socket;
}

tcp_socket::wait_type exchange::kind_of(unsigned one_need) {
  return one_need & (client_read | worker_read) ? tcp_socket::wait_read : tcp_socket::wait_write;
}

void exchange::arm(unsigned one_need) {
  waiting_for_ |= one_need;
  socket_of(one_need).async_wait(kind_of(one_need), [this, one_need](error_code) {
    waiting_for_ &= ~one_need;
    parked_->cancel();
  });
}

task<> exchange::wait_for_any(unsigned needs) {
  if (!parked_) parked_.emplace(shared_.loop);
  for (unsigned one = client_read; one <= worker_write; one <<= 1)
    if (needs & one & ~waiting_for_) arm(one);
  parked_->expires_at(clock::time_point::max());
  co_await parked_->async_wait(no_throw);
}

task<> exchange::settle() {
  error_code ignored;
  client_.socket.cancel(ignored);
  if (upstream_) upstream_->socket.cancel(ignored);
  while (waiting_for_ != 0) {
    parked_->expires_at(clock::time_point::max());
    co_await parked_->async_wait(no_throw);
  }
}

task<exchange::ending> forward(context& shared, client_side client, std::size_t head_bytes,
                               exchange*& under_way) {
  exchange one(shared, client, head_bytes);
  under_way = &one;
  do {
    if (one.must_queue_for_retry()) co_await one.wait_for_retry();
    if (one.wants_worker() && !one.choose_worker()) co_await one.wait_for_worker();
    if (one.has_worker()) {
      if (!one.take_connection()) co_await one.connect();
      if (one.has_connection()) one.start_sending();
    }
    while (const auto needs = one.advance()) {
      if (one.is_simple(needs))
        co_await one.socket_of(needs).async_wait(exchange::kind_of(needs), no_throw);
      else
        co_await one.wait_for_any(needs);
    }
    if (!one.has_settled()) co_await one.settle();
  } while (one.goes_on());
  under_way = nullptr;
  co_return one.end();
}

}  // namespace atelier::lb
