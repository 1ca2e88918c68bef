#include "lb/exchange.hpp"

#include "lb/affinity.hpp"
#include "lb/max_forwards.hpp"
#include "lb/stirred.hpp"
#include "lb/workspace.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace atelier::lb {

exchange::exchange(context& shared, client_side client, std::size_t head_bytes)
    : shared_(shared),
      client_(client),
      space_(client.space),
      head_bytes_(head_bytes),
      verb_(shared.request.verb),
      safe_(verb_ == http::method::get || verb_ == http::method::head || verb_ == http::method::options),
      minor_version_(shared.request.minor_version),
      wants_keep_alive_(shared.request.keep_alive),
      body_framing_(shared.request.body),
      content_length_(shared.request.content_length) {
  ++shared_.in_flight;
  ++shared_.count.requests;
  space_.request_id.clear();
  space_.worker.clear();
  space_.trace_id.clear();
  cursor_ = head_bytes_;
  body_ = reframer(body_framing_, content_length_, body_framing_);
  client_.guard.deadline = clock::time_point::max();
  received_bytes_ = head_bytes;
  const auto& bounds = shared.bounds;
  if (bounds.total_timeout.count() > 0) last_moment_ = started_ + bounds.total_timeout;
  may_switch_ = bounds.tunnel && shared.request.upgrade && verb_ == http::method::get &&
                body_framing_ == http::framing::none && minor_version_ == 1 &&
                shared.request.fields.find("upgrade");
  client_.facts.upgrades = may_switch_;
  if (bounds.affinity_percent > 0 && safe_)
    key_ = bounds.affinity_by == affinity::route ? route_key(shared.request.path)
                                                 : target_key(shared.request.target);
  if (shared.log) {
    space_.method = shared.request.verb_text;
    space_.path = shared.request.path;
  }
  if (shared.log || bounds.client.rate > 0)
    space_.client = client_.facts.trusted
                        ? client_behind(bounds.trusted_proxies, client_.facts.address, shared.request.fields)
                        : client_.facts.address;
  check_limits();
}

// What is refused before a worker is asked.
void exchange::check_limits() {
  if (max_forwards(shared_.request) == 0)
    return answer_error(501, "refused",
                        "Max-Forwards ends here, and the proxy answers no such request itself; raise it");
  const auto& bounds = shared_.bounds;
  if (bounds.body_bytes_max > 0 && body_framing_ == http::framing::sized &&
      content_length_ > bounds.body_bytes_max) {
    ++shared_.count.refused;
    return answer_error(413, "refused", "body too large");
  }
  if (bounds.client.rate == 0) return;
  const auto wait = shared_.clients.ask(client_key(space_.client), bounds.client, now());
  if (wait.count() == 0) return;
  ++shared_.count.limited;
  retry_after_ = std::chrono::ceil<std::chrono::seconds>(wait);
  answer_error(429, "limited", "too many requests from this address, wait as Retry-After says");
}

exchange::~exchange() {
  leave_worker(false);
  shared_.large_requests -= is_large_;
  shared_.transits.give_back(std::move(transit_));
  --shared_.in_flight;
  end_retry();
}

void exchange::expire() noexcept {
  expired_ = true;
  error_code ignored;
  client_.socket.cancel(ignored);
  if (upstream_) upstream_->socket.cancel(ignored);
}

void exchange::cut() noexcept {
  cut_ = true;
  place_.leave();
  expire();
}

// ---- a worker, and a connection to it

bool exchange::choose_worker() {
  worker_ = shared_.pool.acquire(avoid_, key_);
  return worker_ != nullptr;
}

task<> exchange::wait_for_worker() {
  parsed_ = false;
  const auto since = now();
  watch_client_in_line();
  if (client_has_left_) co_return leave("client_left");
  worker_ = co_await shared_.pool.acquire_later(patience_in_line(), place_);
  now_is_fresh_ = false;
  queued_ += now() - since;
  if (client_has_left_) {
    leave_worker(false);
    co_return leave("client_left");
  }
  if (worker_) co_return;
  if (is_too_late()) co_return time_is_over();
  ++shared_.count.unavailable;
  answer_error(
      503, "no_worker",
      shared_.pool.any_usable() ? "all workers are busy, try again" : "no worker is available, try again");
}

clock::duration exchange::patience_in_line() {
  const auto left = last_moment_ == clock::time_point::max() ? clock::duration::max() : last_moment_ - now();
  return std::min<clock::duration>(shared_.bounds.queue_timeout, left);
}

// A client that does not wait for its answer any more gives its place to others, whatever it has sent before.
void exchange::watch_client_in_line() {
  if (waiting_for_ & client_read) return;
  if (!parked_) parked_.emplace(shared_.loop);
  look_at_client_in_line();
}

// Its end may stand behind bytes that are not read yet, so that only a poll sees it; and each wait is for the
// next edge, so that those bytes wake nobody twice.
void exchange::look_at_client_in_line() {
  pollfd one{client_.socket.native_handle(), POLLRDHUP, 0};
  client_has_left_ = ::poll(&one, 1, 0) > 0 && (one.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
  if (client_has_left_) return place_.leave();
  waiting_for_ |= client_read;
  client_.wait.then(client_.socket, [this] {
    waiting_for_ &= ~client_read;
    parked_->cancel();
    if (place_.is_taken() && !cut_) look_at_client_in_line();
  });
}

bool exchange::take_connection() {
  while (!fresh_only_ && (upstream_ = worker_->take_idle())) {
    // What came at rest would be taken for the answer. And what may not be sent twice is not sent into a
    // connection that its worker has closed already, though the reactor may not know it yet.
    if ((safe_ && !has_stirred(upstream_->socket)) || is_still_open(*upstream_)) return true;
  }
  return false;
}

task<> exchange::connect() {
  upstream_ = std::make_unique<upstream>(shared_.loop);
  ++worker_->counters.connections;
  parsed_ = false;
  set_deadline(shared_.bounds.connect_timeout);
  const auto since = now();
  const auto problem = co_await connect_to(upstream_->socket, worker_->endpoint, expired_);
  now_is_fresh_ = false;
  connecting_ += now() - since;
  if (cut_) co_return leave("cut");
  if (expired_ && is_too_late()) co_return time_is_over();
  if (std::exchange(expired_, false) || problem) fail(fault::no_connection);
}

// Its own size is its limit: those of the proxy may have been lowered since it was read.
const http::request_head& exchange::request() {
  if (!parsed_)
    (void)http::parse_request_head(space_.in.readable().substr(0, head_bytes_),
                                   {.head_bytes_max = head_bytes_, .target_bytes_max = head_bytes_},
                                   shared_.request);
  return shared_.request;
}

// The request from its beginning, the first time and again.
void exchange::start_sending() {
  const auto& head = request();
  parsed_ = false;
  auto& text = moving().to_worker.text;
  transit_->to_worker.clear();
  transit_->from_worker.clear();
  if (!std::exchange(has_id_, true)) shared_.ids.next().copy(id_.data(), id_.size());
  const auto facts = write_request_head(head, client_.facts, worker_->host, {id_.data(), id_.size()}, text);
  repeatable_ = facts.repeatable;
  space_.request_id.assign(text, facts.request_id_at, facts.request_id_bytes);
  if (shared_.log) {
    space_.trace_id.assign(text, facts.trace_at, http::request_ids::id_bytes);
    space_.worker = worker_->name;
  }
  given_at_ = now();
  cursor_ = head_bytes_;
  body_ = reframer(body_framing_, content_length_, body_framing_);
  sent_bytes_ = body_bytes_ = 0;
  worker_is_empty_ = true;
  worker_->unanswered.push_back(*this);
}

void exchange::leave_worker(bool reusable) {
  if (is_linked()) unlink();
  if (upstream_) {
    error_code ignored;
    if (waiting_for_ & (worker_read | worker_write)) upstream_->socket.cancel(ignored);
    if (reusable && worker_->state.usable())
      worker_->give_idle(std::move(upstream_), shared_.guard.now(), shared_.bounds.worker_idle_max);
    upstream_.reset();
  }
  if (worker_) shared_.pool.release(*std::exchange(worker_, nullptr));
}

exchange::ending exchange::end() {
  const bool answered = turn_ == end_of_turn::answered || turn_ == end_of_turn::switched;
  leave_worker(false);
  shared_.count.request_times.add(now() - started_);
  if (shared_.log) log_it(answered);
  if (turn_ == end_of_turn::switched) return ending::ended;
  if (turn_ != end_of_turn::answered) {
    ++shared_.count.broken_off;
    return ending::cut;
  }
  space_.in.consume(cursor_);
  if (is_large_) end_growth();
  if (keep_alive_) return ending::go_on;
  return body_.now() == reframer::state::complete && space_.in.empty() ? ending::close : ending::linger;
}

// For what happens next, unless the request as a whole is over before.
void exchange::set_deadline(std::chrono::milliseconds limit) {
  client_.guard.deadline = std::min(shared_.from_now(limit), last_moment_);
}

clock::time_point exchange::now() {
  if (!std::exchange(now_is_fresh_, true)) now_ = clock::now();
  return now_;
}

void exchange::log_it(bool answered) {
  if (!shared_.log->wants(status_ >= 500 || !answered)) return;
  const std::array<access_entry::phase, 4> phases{{{"queue", queued_},
                                                   {"connect", connecting_},
                                                   {"first_byte", first_byte_},
                                                   {"total", now() - started_}}};
  const auto retries = retries_done_ > 0 ? std::to_string(retries_done_) : std::string();
  const std::array<access_entry::word, 2> more{{{"worker", space_.worker}, {"retries", retries}}};
  shared_.log->write({.request_id = space_.request_id,
                      .trace_id = space_.trace_id,
                      .client = space_.client,
                      .method = space_.method,
                      .path = space_.path,
                      .status = status_,
                      .ended = ended_,
                      .received_bytes = received_bytes_,
                      .sent_bytes = sent_to_client_bytes_,
                      .phases = phases,
                      .more = more});
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

bool exchange::begins_at_once() {
  if (!wants_worker() || !choose_worker() || !take_connection()) return false;
  start_sending();
  return true;
}

task<> forward(exchange& one, bool has_begun) {
  do {
    if (one.must_queue_for_retry()) co_await one.wait_for_retry();
    if (one.wants_worker() && !one.has_worker() && !one.choose_worker()) co_await one.wait_for_worker();
    if (one.has_worker() && !std::exchange(has_begun, false)) {
      if (!one.take_connection()) co_await one.connect();
      if (one.has_connection()) one.start_sending();
    }
    while (const auto needs = one.advance()) {
      if (one.is_read(needs))
        co_await one.wait_to_read(needs);
      else if (one.is_simple(needs))
        co_await one.socket_of(needs).async_wait(exchange::kind_of(needs), no_throw);
      else
        co_await one.wait_for_any(needs);
    }
    if (!one.has_settled()) co_await one.settle();
  } while (one.goes_on());
  if (one.is_tunnel()) co_await one.tunnel();
}

}  // namespace atelier::lb
