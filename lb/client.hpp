// A client's connection: its requests one after the other.
//
// A coroutine serves it while it asks. One that has not asked for a moment is at rest: an object with a
// socket and a deadline, and no coroutine, whose frames would be most of what ten thousand of them cost.
#pragma once

#include "lb/exchange.hpp"

namespace atelier::lb {

class client_connection final : public watched {
 public:
  client_connection(context& shared, tcp_socket socket, bool draining);
  ~client_connection() override;

  /// Serves until the client leaves, something ends it, or the proxy drains: false. True: it has not asked
  /// for a moment and may rest.
  task<bool> run();

  /// Nothing runs for it until it has something to say or is over; then `woken` is called once, and may
  /// destroy it.
  template <class F>
  void rest(F woken) {
    at_rest_ = true;
    begin_rest();
    wait_.then(socket_, [this, woken] {
      at_rest_ = false;
      woken();
    });
  }
  bool is_at_rest() const { return at_rest_; }
  /// Its time at rest is over, or it was cut: there is nothing to run.
  bool is_over() const { return cut_ || expired_; }

  void expire() noexcept override;
  /// Answers say that they are the last. `leave_at_rest`: what rests is closed, unless a request has come
  /// just now.
  void drain(bool leave_at_rest);
  void cut();

 private:
  enum class stage : std::uint8_t {
    idle,        // no byte of a request: ending it loses nothing
    reading,     // in the middle of a head: expiry answers 408
    forwarding,  // an exchange has the deadline
    refusing,    // an answer of our own is on its way: expiry cuts
    lingering,   // what still comes is thrown away, for a while
  };
  enum class found : std::uint8_t { nothing, request, fault };

  found look(http::head_outcome& outcome);
  bool receive();
  bool is_forwarding() const;
  exchange& begin_exchange(std::size_t head_bytes);
  void await_bytes();
  void begin_rest();
  task<> refuse(unsigned status, std::string_view reason);
  void log_refusal(unsigned status, std::string_view id, std::size_t sent_bytes);
  task<> linger();
  task<bool> introduce();
  task<bool> read_proxy_header();
  bool admit();

  context& shared_;
  tcp_socket socket_;
  readable_wait wait_;
  bool is_empty_ = true;              // the last read took all that there was
  std::unique_ptr<workspace> space_;  // null while idle
  std::string address_;               // of the client, from its socket or a header of the PROXY protocol
  bool introduced_ = false;           // that is known, and it was admitted
  bool counted_ = false;              // among the connections of its address
  bool trusted_ = false;              // it is a proxy that says the truth about its clients
  bool at_rest_ = false;
  bool asked_before_ = false;
  stage stage_ = stage::idle;
  bool expired_ = false;
  bool closing_ = false;
  bool leaves_at_rest_ = false;
  bool leaves_soon_ = false;  // it has never asked, and has a moment to do so
  bool cut_ = false;
};

}  // namespace atelier::lb
