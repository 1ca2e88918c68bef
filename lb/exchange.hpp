// One request and its answer.
#pragma once

#include "core/readable.hpp"
#include "lb/context.hpp"
#include "lb/reframe.hpp"

#include <memory>
#include <optional>

namespace atelier::lb {

/// The client's side of an exchange, lent by its connection.
struct client_side {
  tcp_socket& socket;
  workspace& space;
  client_facts facts;
  watched& guard;       // whose deadline is the exchange's while it lasts
  const bool& closing;  // the proxy drains: this answer is the connection's last
  bool& is_empty;       // the last read found nothing
  readable_wait& wait;
};

/// Moves a request to a worker and the answer back, both ways at once, holding no more than its workspace and
/// what is in transit.
///
/// Everything here but three slow paths is plain functions that make system calls which do not wait; what to
/// wait for is said by advance(), and forward() waits for it.
class exchange final : private unanswered_request {
 public:
  enum class ending : std::uint8_t {
    go_on,   // answered: the next request, please
    close,   // answered with Connection: close
    linger,  // the same, and the client is still sending
    cut,     // an answer broke off, or the client is gone
    ended,   // a tunnel has ended: nothing more is to be said
  };

  /// The request's head is parsed in shared.request and is the first `head_bytes` of space.in.
  exchange(context& shared, client_side client, std::size_t head_bytes);
  ~exchange() override;

  /// A worker has room and a connection at rest: the request is on its way. False: forward() is needed.
  bool begins_at_once();

  // A turn: a worker, a connection to it, the relay. The first two try at once and else are awaited.
  bool wants_worker() const { return !answer_done_; }  // false: an answer of our own is to be sent
  bool choose_worker();
  task<> wait_for_worker();
  bool has_worker() const { return worker_ != nullptr; }
  bool take_connection();
  task<> connect();
  bool has_connection() const { return upstream_ && turn_ == end_of_turn::none; }
  void start_sending();

  /// What a socket must be ready for before there is more to do.
  enum need : unsigned { client_read = 1, client_write = 2, worker_read = 4, worker_write = 8 };

  /// Does all that can be done now, and may be called at any time. Returns the needs, any of which is enough;
  /// 0 when the turn is over.
  unsigned advance();

  /// One need, which nothing waits for yet; and one that is to read.
  bool is_simple(unsigned needs) const { return waiting_for_ == 0 && (needs & (needs - 1)) == 0; }
  bool is_read(unsigned needs) const {
    return is_simple(needs) && (needs & (client_read | worker_read)) != 0;
  }
  auto wait_to_read(unsigned one_need) { return client_.wait.on(socket_of(one_need)); }
  tcp_socket& socket_of(unsigned one_need);
  static tcp_socket::wait_type kind_of(unsigned one_need);
  task<> wait_for_any(unsigned needs);

  /// After a turn: true if there is another one, with another worker or to send an error.
  bool goes_on();
  bool must_queue_for_retry() const { return queued_for_retry_; }
  task<> wait_for_retry();

  /// Nothing of ours is under way on the sockets any more.
  bool has_settled() const { return waiting_for_ == 0; }
  task<> settle();

  /// Nothing is left to do but end().
  bool is_answered() const { return turn_ == end_of_turn::answered && has_settled(); }

  /// The worker has switched to another protocol: what is left to do is tunnel().
  bool is_tunnel() const { return turn_ == end_of_turn::switched; }
  task<> tunnel();

  /// To be called last.
  ending end();

  void expire() noexcept;
  void cut() noexcept;

 private:
  void worker_is_silent() noexcept override;

  enum class end_of_turn : std::uint8_t { none, answered, switched, failed, gone };

  transit& moving();  // taken if there is none
  unsigned upload();
  bool receive_body(unsigned& needs);
  void make_room();
  bool takes_more();
  void end_growth();
  unsigned download();
  bool flush_to_client(bool& blocked);
  bool read_answer();
  bool read_answer(std::string_view bytes);
  bool read_answer_head(std::string_view bytes);
  void note_answer(unsigned status);
  void join_head_and_body();
  bool receive_answer(unsigned& needs);
  void answer_is_complete();
  void time_is_over();
  void refuse_body(unsigned status, std::string_view sentence);

  void fail(fault how);
  void leave(std::string_view how);
  void prepare_retry(bool within_budget);
  void end_retry();
  void forget_answer();
  void give_up(fault how);
  void answer_error(unsigned status, std::string_view ended, std::string_view sentence);
  bool wants_problem();
  const http::request_head& request();  // read again if need be; holds until something else runs
  void skip_body();
  void check_limits();
  void watch_client_in_line();
  void look_at_client_in_line();
  clock::duration patience_in_line();
  bool is_too_late() { return now() >= last_moment_; }
  bool has_begun_to_answer() const { return byte_of_answer_ || interim_answers_ > 0; }
  bool may_be_applied() const { return sent_bytes_ > 0 && !safe_; }
  void set_deadline(std::chrono::milliseconds limit);
  void leave_worker(bool reusable);
  void arm(unsigned one_need);
  clock::time_point now();
  void log_it(bool answered);

  context& shared_;
  client_side client_;
  workspace& space_;

  // The request.
  const std::size_t head_bytes_;
  const http::method verb_;
  const bool safe_;  // GET, HEAD or OPTIONS
  const int minor_version_;
  const bool wants_keep_alive_;
  const http::framing body_framing_;
  const std::uint64_t content_length_;
  bool wants_problem_ = false;  // problem details instead of text: of a head that is not kept
  bool repeatable_ = false;
  bool may_switch_ = false;  // to another protocol
  bool parsed_ = true;       // shared_.request is still ours: nothing else ran
  bool kept_ = true;         // head and body so far are still in space_.in: the request can be sent again
  bool is_large_ = false;    // among shared_.large_requests: space_.in has grown for it

  // The turn.
  worker* worker_ = nullptr;
  std::unique_ptr<upstream> upstream_;
  end_of_turn turn_ = end_of_turn::none;
  end_of_turn turn_when_sent_ = end_of_turn::answered;
  fault fault_ = fault::no_connection;

  std::array<char, http::request_ids::id_bytes> id_;  // made for this request
  bool has_id_ = false;

  std::unique_ptr<transit> transit_;  // null while nothing is between the sockets: see moving()

  // Upwards.
  reframer body_;
  std::size_t cursor_ = 0;  // in space_.in: what is before it has been sent or is about to be
  std::uint64_t sent_bytes_ = 0;
  std::uint64_t body_bytes_ = 0;
  bool upload_done_ = false;
  bool upload_broken_ = false;  // the worker takes no more: it may still answer

  // Downwards.
  reframer answer_;
  bool byte_of_answer_ = false;     // of the final one, or of a head that is not read yet
  clock::time_point answer_due_{};  // its first byte, once the request is complete
  bool head_written_ = false;       // the client's answer has begun
  bool answer_done_ = false;
  bool worker_keeps_alive_ = false;
  bool worker_is_empty_ = true;
  bool keep_alive_ = true;  // what our answer said
  unsigned interim_answers_ = 0;

  // Again.
  std::optional<std::uint64_t> avoid_;  // the worker that failed it
  std::optional<std::uint64_t> key_;    // of what had better go to one worker (lb/affinity.hpp)
  unsigned retries_done_ = 0;
  bool fresh_only_ = false;       // a connection at rest was found closed: the next is a new one
  bool counts_as_retry_ = false;  // of the budget, until the answer begins
  bool queued_for_retry_ = false;

  // For the access log and the histograms.
  clock::time_point now_ = clock::now();  // read once a turn of the loop
  bool now_is_fresh_ = true;
  const clock::time_point started_ = now_;
  clock::time_point given_at_{};  // to the last worker
  clock::duration queued_{0};     // all waits for a worker together
  clock::duration connecting_{0};
  clock::duration first_byte_{-1};
  std::uint64_t received_bytes_ = 0;
  std::uint64_t sent_to_client_bytes_ = 0;
  clock::time_point last_moment_ = clock::time_point::max();
  std::chrono::seconds retry_after_{1};
  place_in_line place_;
  bool client_has_left_ = false;  // while it stood in line
  unsigned status_ = 0;
  std::string_view ended_ = "done";

  bool expired_ = false;
  bool abandoned_ = false;  // probes found the worker silent: do not wait for it
  bool cut_ = false;
  unsigned waiting_for_ = 0;  // needs with a wait under way that outlives one call of wait_for_any()
  std::optional<timer> parked_;
};

/// All that may come in the way of an exchange, to the moment when end() says how it ended. `has_begun`:
/// begins_at_once() was true.
task<> forward(exchange& one, bool has_begun);

}  // namespace atelier::lb
