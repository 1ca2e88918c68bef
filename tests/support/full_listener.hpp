// A server that is too busy to accept.
#pragma once

#include <string>
#include <thread>

namespace atelier::test {

/// Its line of connections that wait to be accepted is full: further ones are neither taken nor refused.
class full_listener {
 public:
  full_listener();                                  // on a port of 127.0.0.1
  explicit full_listener(const std::string& path);  // a UNIX socket
  ~full_listener();
  full_listener(const full_listener&) = delete;
  full_listener& operator=(const full_listener&) = delete;

  /// As --worker takes it.
  const std::string& address() const { return address_; }

  /// Accepts from here on, answers the first request of each connection with these bytes, and closes it.
  void begin_to_answer(std::string bytes);

 private:
  int listener_;
  int waiting_;  // the connection that fills the line
  std::string address_;
  std::thread server_;
};

}  // namespace atelier::test
