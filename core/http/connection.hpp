// One client's connection to the server. Private to the server.
#pragma once

#include "core/http/body.hpp"
#include "core/http/server.hpp"
#include "core/readable.hpp"

#include <array>

namespace atelier::http {

class connection final : public watched {
 public:
  connection(server& owner, tcp_socket socket);
  ~connection() override;

  /// Serves until the client leaves, something ends it, or the server drains.
  task<> run();

  void expire() noexcept override;
  void drain();
  void cut();

 private:
  enum class stage {
    idle,       // no byte of a request: ending it loses nothing
    reading,    // in a request's head or body: expiry answers 408
    answering,  // a service works: never cancelled here, the service has its own limits
    writing,    // the client must take bytes: expiry cuts
    listening,  // to a feed: waits for its next event or for the client to leave; ending it loses nothing
    lingering,  // refused; what still comes is thrown away
  };
  enum class received { bytes, nothing, end };
  enum class next { wait, again, ask, close };

  received receive();
  task<bool> readable();
  next answer_all();
  task<bool> ask(next& what);
  void answer_refusal(unsigned status, std::string_view reason);
  std::string_view request_id();
  void begin_request();
  void request_done(const request& asked, const responder& out);
  void log(const request& asked, const responder& out);
  void log_refusal(std::string_view id, std::string_view reason, const responder& out);
  void log(access_entry& entry, const request_head& head, std::string_view id, const responder& out);
  bool send_now();
  task<bool> flush();
  task<> linger();
  task<> send_events(event_feed& feed);
  bool is_silent();
  task<> end();
  void begin_rest();
  void watch_reading(request_reader::state state);
  void rest();

  server& owner_;
  tcp_socket socket_;
  readable_wait wait_;
  std::unique_ptr<workspace> space_;  // null while idle
  request_reader reader_;
  std::size_t requests_ = 0;
  clock::time_point opened_;
  clock::time_point asked_at_;  // where there is an access log: when the service was asked
  std::string client_;          // its address, likewise
  event_feed* feed_ = nullptr;  // what the last answer goes on with
  std::array<char, request_ids::id_bytes> made_id_;  // of this request, where the client sent none
  bool has_made_id_ = false;
  stage stage_ = stage::idle;
  bool in_body_ = false;  // which deadline is running
  bool expired_ = false;
  bool closing_ = false;
  bool continue_sent_ = false;
  bool kernel_is_empty_ = false;  // there is nothing to receive, but perhaps the client's end
  bool looked_for_end_ = false;   // since the last request
};

}  // namespace atelier::http
