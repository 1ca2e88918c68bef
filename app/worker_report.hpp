// What systemd hears of a worker.
#pragma once

#include "core/notify_socket.hpp"
#include "db/pool.hpp"

#include <string>

namespace atelier::app {

/// Ready when the database has answered; or after a while without it, since a worker that waits for its
/// database is to be left alone, not started again. From then on the state of the database, as it changes.
class worker_report {
 public:
  static constexpr auto wait_max = std::chrono::seconds(10);  // for the database, before it is ready without

  /// `listening_on` is shown to people; the others outlive us.
  worker_report(asio::io_context& loop, notify_socket& to, const db::pool& database, std::size_t connections,
                std::string listening_on)
      : pause_(loop),
        to_(to),
        database_(database),
        connections_(connections),
        listening_on_(std::move(listening_on)) {}

  /// Returns at once where nobody listens.
  task<> run();

  /// Says that the worker ends; run() says nothing more.
  void stop(std::chrono::milliseconds at_most);

 private:
  std::string state() const;

  timer pause_;
  notify_socket& to_;
  const db::pool& database_;
  std::size_t connections_;
  std::string listening_on_;
  bool stopped_ = false;
};

}  // namespace atelier::app
