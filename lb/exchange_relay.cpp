// The relay of an exchange: what is sent and received without waiting, and what to wait for.
#include "lb/exchange.hpp"
#include "lb/workspace.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace atelier::lb {
namespace {

constexpr unsigned interim_answers_max = 32;         // 1xx to one request; more: the worker is broken
constexpr std::size_t receive_bytes_min = 8 * 1024;  // room worth a system call

}  // namespace

transit& exchange::moving() {
  if (!transit_) transit_ = shared_.transits.take();
  return *transit_;
}

unsigned exchange::advance() {
  if (cut_) leave("cut");
  if (std::exchange(abandoned_, false) && turn_ == end_of_turn::none) fail(fault::timed_out);
  if (expired_ && turn_ == end_of_turn::none) time_is_over();
  if (turn_ != end_of_turn::none) return 0;
  (void)moving();  // from here to the end there is one
  unsigned needs = 0;
  if (!upload_done_ && !upload_broken_) needs |= upload();
  if (turn_ == end_of_turn::none) needs |= download();
  if (turn_ != end_of_turn::none) return 0;
  // The first byte of the answer has a deadline of its own, which no interim answer moves.
  if (!upload_done_ || byte_of_answer_ || answer_done_)
    set_deadline(shared_.bounds.body_timeout);
  else
    client_.guard.deadline = answer_due_;
  now_is_fresh_ = false;
  if (transit_->is_empty()) shared_.transits.give_back(std::move(transit_));
  return needs;
}

unsigned exchange::upload() {
  auto& in = space_.in;
  auto& out = transit_->to_worker;
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
      set_deadline(shared_.bounds.answer_timeout);
      answer_due_ = client_.guard.deadline;
      return 0;
    }
    unsigned needs = 0;
    if (in.size() == cursor_ && !receive_body(needs)) return needs;
    const auto taken = body_.take(in.readable().substr(cursor_, workspace::block_bytes), out.text);
    body_bytes_ += taken;
    if (shared_.bounds.body_bytes_max > 0 && body_bytes_ > shared_.bounds.body_bytes_max) {
      refuse_body(413, "body too large");
      return 0;
    }
    if (body_.now() == reframer::state::refused) {
      refuse_body(400, "malformed chunked body");
      return 0;
    }
    if (body_.passes_in_place())
      out.run = taken;
    else
      cursor_ += taken;
  }
}

// True: a request that may be sent again, for which there is the memory to keep it whole. It has taken it.
bool exchange::takes_more() {
  const auto& bounds = shared_.bounds;
  if (!kept_ || !repeatable_ || space_.in.size() >= bounds.kept_bytes_max) return false;
  if (body_framing_ == http::framing::sized && content_length_ > bounds.kept_bytes_max) return false;
  if (is_large_) return true;
  is_large_ = shared_.large_requests < bounds.large_requests_max;
  shared_.large_requests += is_large_;
  return is_large_;
}

// Of a request that does not grow, what was sent makes room for what comes.
void exchange::make_room() {
  auto& in = space_.in;
  if (takes_more()) return in.reserve(in.size() + workspace::block_bytes);
  wants_problem_ = wants_problem();
  kept_ = false;
  in.consume(cursor_);
  cursor_ = 0;
  if (is_large_) end_growth();
  in.reserve(workspace::block_bytes);
}

void exchange::end_growth() {
  is_large_ = false;
  --shared_.large_requests;
  space_.in.shrink(workspace::block_bytes);
}

// False: there is none now, or no client any more.
bool exchange::receive_body(unsigned& needs) {
  auto& in = space_.in;
  if (in.space_bytes() == 0) make_room();
  // Never more than a block, so that what follows the body fits into one.
  const auto room = std::min(in.space_bytes(), workspace::block_bytes);
  const auto n = ::recv(client_.socket.native_handle(), in.space(), room, MSG_DONTWAIT);
  client_.is_empty = n < 0 && errno == EAGAIN;
  if (n > 0) {
    in.commit(static_cast<std::size_t>(n));
    shared_.count.bytes_in += static_cast<std::uint64_t>(n);
    received_bytes_ += static_cast<std::uint64_t>(n);
    return true;
  }
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
    needs = client_read;
  } else {
    leave("client_left");
  }
  return false;
}

unsigned exchange::download() {
  for (bool blocked = false;;) {
    // Head and body of a small answer leave in one system call: first read all, then send.
    while (!answer_done_ && read_answer()) {
    }
    if (turn_ != end_of_turn::none) return 0;
    if (!blocked && !flush_to_client(blocked)) return 0;
    if (answer_done_) {
      if (!blocked) turn_ = turn_when_sent_;
      return blocked ? unsigned{client_write} : 0U;
    }
    if (!blocked && read_answer()) continue;  // there was more than could be written at once
    if (turn_ != end_of_turn::none) return 0;
    unsigned needs = blocked ? unsigned{client_write} : 0U;
    if (!receive_answer(needs)) return needs;
  }
}

bool exchange::flush_to_client(bool& blocked) {
  auto& [from_worker, to_worker, out] = *transit_;
  if (out.empty()) return true;
  std::size_t run_sent = 0;
  const auto before = shared_.count.bytes_out;
  const auto how =
      out.send(client_.socket.native_handle(), from_worker.data(), run_sent, shared_.count.bytes_out);
  sent_to_client_bytes_ += shared_.count.bytes_out - before;
  if (run_sent > 0) from_worker.consume(run_sent);
  if (how == sending::broken) leave("client_left");
  blocked = how == sending::blocked;
  return how != sending::broken;
}

// True: something moved.
bool exchange::read_answer() {
  const auto unread = transit_->from_worker.readable().substr(transit_->to_client.run);
  return !unread.empty() && read_answer(unread);
}

bool exchange::read_answer(std::string_view bytes) {
  auto& out = transit_->to_client;
  if (!std::exchange(byte_of_answer_, true)) {
    unlink();  // it is not silent, and this request is not sent again
    end_retry();
    first_byte_ = now() - given_at_;
  }
  if (!head_written_) return read_answer_head(bytes);
  if (out.text_bytes() >= shared_.bounds.answer_bytes_max) return false;
  const auto taken = answer_.take(bytes, out.text);
  if (answer_.passes_in_place())
    out.run += taken;
  else
    transit_->from_worker.consume(taken);
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
  const bool switches = outcome.what == http::head_outcome::kind::complete && head.status == 101;
  const bool refused = outcome.what == http::head_outcome::kind::refused || (switches && !may_switch_);
  if (refused || (head.status < 200 && ++interim_answers_ > interim_answers_max)) {
    fail(fault::bad_answer);
    return false;
  }
  if (switches) {
    write_switch_head(head, transit_->to_client.text);
    transit_->from_worker.consume(outcome.size);
    note_answer(head.status);
    head_written_ = answer_done_ = true;
    turn_when_sent_ = end_of_turn::switched;
    return true;
  }
  if (head.status < 200) {
    if (minor_version_ == 1) write_interim_head(head, transit_->to_client.text);
    transit_->from_worker.consume(outcome.size);
    byte_of_answer_ = false;  // the final one is still to come
    first_byte_ = clock::duration{-1};
    return true;
  }
  const auto to_client = framing_for_client(head, minor_version_);
  // An answer that comes before the request has ended is the last one: nobody knows where the next request
  // begins.
  keep_alive_ =
      wants_keep_alive_ && upload_done_ && !client_.closing && to_client != http::framing::until_end;
  const answer_facts facts{minor_version_, keep_alive_, space_.request_id};
  write_response_head(head, facts, transit_->to_client.text);
  transit_->from_worker.consume(outcome.size);
  head_written_ = true;
  worker_keeps_alive_ = head.keep_alive;
  answer_ = reframer(head.body, head.content_length, to_client);
  note_answer(head.status);
  join_head_and_body();
  if (answer_.now() == reframer::state::complete) answer_is_complete();
  return true;
}

void exchange::note_answer(unsigned status) {
  status_ = status;
  worker_->counters.answer_times.add(now() - given_at_);
  shared_.pool.answered(*worker_, status);
  ++worker_->counters.answers[status / 100];
  ++shared_.count.answers[status / 100];
}

// What stands before the body that came with it is sent with it in one piece, which costs the kernel less
// than two.
void exchange::join_head_and_body() {
  auto& out = transit_->to_client;
  auto& body = transit_->from_worker;
  if (!answer_.passes_in_place() || body.empty() || out.sent != 0 || !body.prepend(out.text)) return;
  out.run = out.text.size();
  out.text.clear();
}

// False: there is none now, or no room for it.
bool exchange::receive_answer(unsigned& needs) {
  auto& from = transit_->from_worker;
  if (transit_->to_client.text_bytes() >= shared_.bounds.answer_bytes_max) return false;
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
  const auto n = ::recv(upstream_->socket.native_handle(), from.space(), from.space_bytes(), MSG_DONTWAIT);
  if (n > 0) {
    from.commit(static_cast<std::size_t>(n));
    worker_->counters.bytes_in += static_cast<std::uint64_t>(n);
    return true;
  }
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
    needs |= worker_read;
    return false;
  }
  if (n == 0 && head_written_ && answer_.end(transit_->to_client.text)) {
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
  const bool nothing_more = transit_->from_worker.size() == transit_->to_client.run;
  leave_worker(worker_keeps_alive_ && upload_done_ && nothing_more);
  if (!upload_done_) upload_broken_ = true;  // whatever the client still sends is not wanted
}

}  // namespace atelier::lb
