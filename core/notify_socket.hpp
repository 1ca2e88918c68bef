// What systemd is told of this process (sd_notify(3)): one datagram a message, to the socket that
// NOTIFY_SOCKET names. Without one all of this says nothing to nobody.
#pragma once

#include "core/async.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace atelier {

class notify_socket {
 public:
  /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and forgets them: children speak for themselves.
  notify_socket();
  ~notify_socket();
  notify_socket(const notify_socket&) = delete;
  notify_socket& operator=(const notify_socket&) = delete;

  bool listens() const { return socket_ >= 0; }

  /// It serves from here on; also the end of reloading().
  void ready();

  /// It reads its configuration again, until ready().
  void reloading();

  /// It ends, within this time: longer than the unit's TimeoutStopSec= where need be.
  void stopping(std::chrono::milliseconds at_most);

  /// One line for people, as `systemctl status` shows it. The same again is not sent.
  void status(std::string_view line);

  /// How often alive() must be said; nothing where nobody watches.
  std::optional<std::chrono::microseconds> beat() const { return beat_; }
  void alive();

 private:
  void say(std::string_view message) const;

  int socket_ = -1;
  std::optional<std::chrono::microseconds> beat_;
  std::string status_;
};

/// Says alive() in time until it is stopped: from the loop that serves, so that one which is stuck falls
/// silent.
class heartbeat {
 public:
  heartbeat(asio::io_context& loop, notify_socket& to) : timer_(loop), to_(to) {}

  /// Returns at once where nobody watches.
  task<> run();
  void stop();

 private:
  timer timer_;
  notify_socket& to_;
  bool stopped_ = false;
};

}  // namespace atelier
