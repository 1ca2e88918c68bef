// Keeps what workers keep true: listens to what changes, says when a change is known everywhere, joins and
// leaves. The thin half; echoes.hpp decides, docs/decisions/0004 argues.
#pragma once

#include "app/api/cache.hpp"
#include "app/api/echoes.hpp"
#include "db/listener.hpp"
#include "db/pool.hpp"

#include <boost/asio/ip/udp.hpp>

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace atelier::api {

class coherence final : public db::listener_events {
 public:
  coherence(asio::io_context& loop, const db::pool_options& where, db::pool& database, answer_cache& cache);
  ~coherence() override;

  void start();

  /// Takes this worker out, so that no write waits for it, and ends.
  task<> stop();

  /// Whether what is kept may be used and added to, now. Looks at the clock: a process that was stopped must
  /// not believe what it believed before.
  bool may_use_cache() const { return is_member_ && listener_.fresh_since() + lease >= clock::now(); }

  /// The same, of one who will ask again: a lease that is half over is renewed soon.
  bool uses_cache() {
    const auto now = clock::now();
    if (is_member_ && listener_.fresh_since() + lease / 2 < now) listener_.hurry();
    return is_member_ && listener_.fresh_since() + lease >= now;
  }

  /// A write begins: its number. Its statement carries stamp(number); then comes either forget() or
  /// until_known().
  std::uint64_t begin() { return echoes_.begin(); }
  std::string stamp(std::uint64_t number) const;
  void forget(std::uint64_t number) { echoes_.forget(number); }

  /// The commit was reported just now. Returns when a read that begins then sees it through every worker:
  /// when all have said that they know, or after a lease.
  task<> until_known(std::uint64_t number);

  bool is_listening() const { return listener_.is_listening(); }
  bool is_member() const { return is_member_; }
  std::size_t members() const { return echoes_.members(); }
  std::uint64_t whole_leases_waited() const { return echoes_.whole_leases_waited(); }

  // listener_events
  void listening() override;
  void announced(std::string_view payload) override;
  void caught_up() override;
  void lost() override;

 private:
  static constexpr auto rejoin_pause_min = std::chrono::milliseconds(500);
  static constexpr auto rejoin_pause_max = std::chrono::milliseconds(60'000);
  using udp_socket = asio::basic_datagram_socket<asio::ip::udp, executor>;

  void open_echo_socket();
  task<> hear_echoes(std::uint64_t session);
  task<> join(std::uint64_t session);
  task<> tick();
  task<> evict(std::vector<worker_id> silent);
  void meet(const db::answer& members);
  void become_member();
  void pause_longer();
  void rejoin_after_eviction();
  void leave_cache();
  void send_echoes();
  void wake_known();

  asio::io_context& loop_;
  db::pool& database_;
  answer_cache& cache_;
  const worker_id self_;
  echoes echoes_;
  db::listener listener_;
  udp_socket echo_socket_;
  std::string echo_address_ = "-";
  timer pause_;
  timer settled_;  // from its end on, whoever may keep answers is known
  timer tick_;
  std::map<std::string, echo> to_echo_;  // by address, until caught up
  std::unordered_map<std::uint64_t, one_shot*> waiting_;
  std::uint64_t session_ = 0;  // counts connections of the listener: what an earlier one began is dropped
  std::chrono::milliseconds rejoin_pause_{0};
  clock::time_point joined_at_;
  bool asked_to_join_ = false;  // from then on the others may wait for this worker
  bool is_member_ = false;
  bool ticking_ = false;
  bool evicting_ = false;
  bool evictions_fail_ = false;  // which is said once
  bool stopping_ = false;
};

}  // namespace atelier::api
