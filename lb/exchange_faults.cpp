// What becomes of an exchange whose worker, client or clock fails it.
#include "core/http/problem.hpp"
#include "lb/error_answer.hpp"
#include "lb/exchange.hpp"
#include "lb/workspace.hpp"

#include <utility>

namespace atelier::lb {

// Nobody waits a whole answer_timeout for a worker that has stopped, where another one can be asked.
void exchange::worker_is_silent() noexcept {
  if (!repeatable_ || !kept_ || retries_done_ >= shared_.bounds.retries_max) return;
  abandoned_ = true;
  error_code ignored;
  client_.socket.cancel(ignored);
  if (upstream_) upstream_->socket.cancel(ignored);
}

void exchange::time_is_over() {
  expired_ = false;
  now_is_fresh_ = false;
  if (is_too_late()) {
    last_moment_ = clock::time_point::max();
    if (head_written_)
      leave("too_slow");
    else
      answer_error(504, "too_slow",
                   may_be_applied()
                       ? "the request took too long; it may have been applied, look before you send it again"
                       : "the request took too long, try again");
  } else if (answer_done_ || !moving().to_client.empty()) {
    leave("client_slow");  // it does not take its answer
  } else if (!upload_done_ && !upload_broken_ && moving().to_worker.empty()) {
    refuse_body(408, "the request's body did not arrive in time, send it again");
  } else {
    fail(fault::timed_out);
  }
}

// The worker has not seen the end of this request, and will not.
void exchange::refuse_body(unsigned status, std::string_view sentence) {
  ++shared_.count.refused;
  upload_broken_ = true;
  if (head_written_)
    leave("refused");
  else
    answer_error(status, "refused", sentence);
}

// No answer, or no more of it.
void exchange::leave(std::string_view how) {
  turn_ = end_of_turn::gone;
  ended_ = how;
}

void exchange::fail(fault how) {
  turn_ = end_of_turn::failed;
  fault_ = how;
}

bool exchange::goes_on() {
  if (turn_ != end_of_turn::failed) return false;
  ++worker_->counters.faults[static_cast<std::size_t>(fault_)];
  client_.guard.deadline = clock::time_point::max();
  expired_ = cut_;  // time that is over with one worker is not over with the next
  // The race with a worker that closes a connection at rest says nothing against the worker nor of its load,
  // and costs no retry: the next connection is a new one, so it cannot happen twice.
  const bool was_stale =
      fault_ == fault::lost && !has_begun_to_answer() && upstream_ && upstream_->used_before;
  const auto got = has_begun_to_answer() ? progress::answer_started
                   : sent_bytes_ > 0     ? progress::sent
                                         : progress::nothing_sent;
  const retry_facts facts{repeatable_, kept_, was_stale ? 0 : retries_done_};
  now_is_fresh_ = false;
  const bool again =
      !cut_ && !is_too_late() && may_retry(got, facts, was_stale ? 1 : shared_.bounds.retries_max);
  auto* failed = worker_;
  leave_worker(false);
  if (was_stale) {
    failed->close_lost();
    fresh_only_ = true;
  } else {
    shared_.pool.failed(*failed, fault_);
    if (again) ++retries_done_;
  }
  avoid_ = failed->number;
  failed->counters.retries += again;
  if (again)
    prepare_retry(!was_stale);
  else
    give_up(fault_);
  return turn_ == end_of_turn::none;
}

void exchange::prepare_retry(bool within_budget) {
  ++shared_.count.retries;
  turn_ = end_of_turn::none;
  upload_done_ = upload_broken_ = false;
  if (!within_budget || counts_as_retry_) return;
  queued_for_retry_ = !shared_.retry_line.empty() ||
                      !shared_.bounds.budget.allows(shared_.retries_under_way, shared_.in_flight);
  counts_as_retry_ = !queued_for_retry_;
  shared_.count.retries_delayed += queued_for_retry_;
  if (counts_as_retry_) ++shared_.retries_under_way;
}

// Its answer has begun, or there will be none: whoever waits may be sent again.
void exchange::end_retry() {
  if (!std::exchange(counts_as_retry_, false)) return;
  --shared_.retries_under_way;
  while (!shared_.retry_line.empty() &&
         shared_.bounds.budget.allows(shared_.retries_under_way, shared_.in_flight)) {
    ++shared_.retries_under_way;  // on behalf of whoever it is given to
    shared_.retry_line.give(true);
  }
}

task<> exchange::wait_for_retry() {
  parsed_ = false;
  queued_for_retry_ = false;
  watch_client_in_line();
  if (client_has_left_) co_return leave("client_left");
  const auto given = co_await shared_.retry_line.wait(patience_in_line(), &place_);
  counts_as_retry_ = given.has_value();
  now_is_fresh_ = false;
  if (client_has_left_) co_return leave("client_left");
  if (counts_as_retry_) co_return;
  if (is_too_late()) co_return time_is_over();
  ++shared_.count.retries_refused;
  answer_error(503, "no_worker", "too many requests are being sent again, try again");
}

// Nobody has seen any of it: an error can still be said in its place.
void exchange::forget_answer() {
  moving().to_client.clear();
  transit_->from_worker.clear();
  --shared_.count.answers[status_ / 100];
  head_written_ = false;
}

void exchange::give_up(fault how) {
  end_retry();
  if (cut_) return leave("cut");
  if (head_written_ && sent_to_client_bytes_ > 0) return leave("broken_off");
  if (head_written_) forget_answer();
  const auto kind = to_string(how);
  switch (how) {
    case fault::no_connection:
      return answer_error(503, kind, "no worker could be reached, try again");
    case fault::timed_out:
      return answer_error(504, kind,
                          may_be_applied() ? "the worker did not answer in time; the request may have been "
                                             "applied, look before you send it again"
                                           : "the worker did not answer in time, try again");
    case fault::lost:
      if (may_be_applied())
        return answer_error(503, kind,
                            "the connection to the worker was lost; the request may have been applied, look "
                            "before you send it again");
      return answer_error(502, kind, "the connection to the worker was lost before it answered, try again");
    case fault::bad_answer:
      return answer_error(502, kind,
                          may_be_applied() ? "the worker's answer was malformed; the request may have been "
                                             "applied, look before you send it again"
                                           : "the worker's answer was malformed, try again");
  }
}

// What of the request's body has come already belongs to it and not to the next request.
void exchange::skip_body() {
  auto& unsent = moving().to_worker;
  cursor_ += unsent.run;
  unsent.clear();
  cursor_ += body_.take(space_.in.readable().substr(cursor_), unsent.text);
  unsent.clear();
}

// Asked of the head only when something goes wrong, or before it is thrown away.
bool exchange::wants_problem() { return kept_ ? http::accepts_problem(request().fields) : wants_problem_; }

void exchange::answer_error(unsigned status, std::string_view ended, std::string_view sentence) {
  leave_worker(false);
  const bool as_problem = wants_problem();
  skip_body();
  upload_broken_ = true;
  keep_alive_ = wants_keep_alive_ && !client_.closing && body_.now() == reframer::state::complete;
  if (space_.request_id.empty()) space_.request_id = shared_.ids.next();
  status_ = status;
  ended_ = ended;
  error_answer answer{.status = status,
                      .sentence = sentence,
                      .as_problem = as_problem,
                      .without_body = verb_ == http::method::head,
                      .keep_alive = keep_alive_,
                      .minor_version = minor_version_,
                      .request_id = space_.request_id};
  if (status >= 502 || status == 429) answer.retry_after = retry_after_;
  write_error_answer(answer, moving().to_client.text);
  ++shared_.count.answers[status / 100];
  head_written_ = answer_done_ = true;
  turn_ = end_of_turn::none;  // to be sent
}

}  // namespace atelier::lb
