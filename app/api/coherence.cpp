#include "app/api/coherence.hpp"

#include "app/api/statements.hpp"
#include "core/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include <random>

namespace atelier::api {
namespace {

using asio::ip::udp;

// 63 bits: PostgreSQL's bigint has a sign. Whoever knows it can echo in this worker's stead, so it is not to
// be guessed.
worker_id draw_id() {
  std::random_device random;
  return (std::uint64_t{random()} << 32 | random()) >> 1;
}

// This machine's address as the database's connection has it: where other workers reach us too. Over a UNIX
// socket all are on one machine.
asio::ip::address address_of(int descriptor) {
  udp::endpoint local;
  auto size = static_cast<socklen_t>(local.capacity());
  if (::getsockname(descriptor, local.data(), &size) != 0 || local.data()->sa_family == AF_UNIX)
    return asio::ip::address_v4::loopback();
  local.resize(size);
  return local.address();
}

std::optional<udp::endpoint> endpoint_of(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  error_code error;
  const auto address = asio::ip::make_address(host, error);
  const auto port = std::strtoul(text.c_str() + colon + 1, nullptr, 10);
  if (error || port == 0 || port > 65'535) return std::nullopt;
  return udp::endpoint(address, static_cast<std::uint16_t>(port));
}

db::arguments one_id(worker_id id) {
  db::arguments with;
  with.add_int8(static_cast<std::int64_t>(id));
  return with;
}

// So that operators can tell it in pg_stat_activity.
db::pool_options listening_as(db::pool_options where) {
  where.application_name += " listener";
  return where;
}

std::size_t index_of(statement s) { return static_cast<std::size_t>(s); }

}  // namespace

coherence::coherence(asio::io_context& loop, const db::pool_options& where, db::pool& database,
                     answer_cache& cache)
    : loop_(loop),
      database_(database),
      cache_(cache),
      self_(draw_id()),
      echoes_(self_),
      listener_(loop, listening_as(where),
                {.channel = std::string(announcements_channel), .beat_period = lease / 5}, *this),
      echo_socket_(loop),
      pause_(loop),
      settled_(loop),
      tick_(loop) {}

coherence::~coherence() = default;

void coherence::start() { listener_.start(); }

task<> coherence::stop() {
  stopping_ = true;
  leave_cache();
  if (asked_to_join_) {
    auto with = one_id(self_);
    const auto left = co_await database_.run(index_of(statement::worker_leaves), std::move(with));
    if (!left)
      log::warning(
          "this worker could not say that it leaves: the others will notice, and each write waits 250 ms "
          "until then");
  }
  pause_.cancel();
  settled_.cancel();
  tick_.cancel();
  listener_.stop();
  error_code ignored;
  echo_socket_.close(ignored);
}

std::string coherence::stamp(std::uint64_t number) const {
  const sender from{self_, echo_address_, number};
  return stamp_of(from);
}

void coherence::leave_cache() {
  is_member_ = false;
  cache_.forget_all();
}

// ---- what the listener hears
// ---------------------------------------------------------------------------------

void coherence::listening() {
  ++session_;
  rejoin_pause_ = rejoin_pause_.zero();
  echoes_.restart();
  open_echo_socket();
  asio::co_spawn(loop_, join(session_), asio::detached);  // ends with the session
}

void coherence::lost() {
  ++session_;
  leave_cache();
  to_echo_.clear();
  error_code ignored;
  echo_socket_.close(ignored);
  echo_address_ = "-";
  pause_.cancel();
  settled_.cancel();
}

void coherence::announced(std::string_view payload) {
  const auto heard = parse_announcement(payload);
  if (!heard) {
    cache_.forget_all();  // of a later version, perhaps: believe nothing
    return;
  }
  switch (heard->what) {
    case announcement::kind::all:
      cache_.forget_all();
      break;
    case announcement::kind::changed:
      for (const auto& topic : heard->topics) cache_.forget(topic);
      if (heard->from.id == self_) {
        echoes_.announced(heard->from.number);
      } else if (is_member_ && heard->from.echo_address != "-") {
        auto& e = to_echo_[heard->from.echo_address];
        e.to = heard->from.id;
        e.from = self_;
        e.numbers.push_back(heard->from.number);
        if (e.numbers.size() == echo::numbers_max) send_echoes();
      }
      break;
    case announcement::kind::joined:
      echoes_.joined(heard->member);
      if (heard->member == self_ && !stopping_) become_member();
      break;
    case announcement::kind::left:
      echoes_.left(heard->member);
      break;
    case announcement::kind::evicted:
      echoes_.evicted(heard->member);
      if (heard->member == self_ && is_member_) rejoin_after_eviction();
      break;
  }
}

void coherence::caught_up() {
  send_echoes();
  wake_known();
}

// ---- echoes
// --------------------------------------------------------------------------------------------------

void coherence::open_echo_socket() {
  error_code error;
  const udp::endpoint where(address_of(listener_.descriptor()), 0);
  echo_socket_.open(where.protocol(), error);
  if (!error) echo_socket_.bind(where, error);
  if (error) {
    log::warning(
        "no socket for echoes: each write waits {} ms; let UDP through on the way to the database address={} "
        "reason={:?}",
        (lease + lease_margin).count(), where.address().to_string(), error.message());
    return;
  }
  const auto bound = echo_socket_.local_endpoint(error);
  echo_address_ = where.address().is_v6() ? fmt::format("[{}]:{}", where.address().to_string(), bound.port())
                                          : fmt::format("{}:{}", where.address().to_string(), bound.port());
  asio::co_spawn(loop_, hear_echoes(session_), asio::detached);  // ends with the session
}

task<> coherence::hear_echoes(std::uint64_t session) {
  char datagram[16 + 8 * echo::numbers_max + 1];
  while (session == session_ && !stopping_) {
    const auto [error] = co_await echo_socket_.async_wait(udp_socket::wait_read, no_throw);
    if (error) co_return;
    for (;;) {
      const auto n = ::recv(echo_socket_.native_handle(), datagram, sizeof datagram, MSG_DONTWAIT);
      if (n < 0) break;
      const auto heard = parse_echo({datagram, static_cast<std::size_t>(n)});
      if (!heard || heard->to != self_) continue;
      for (const auto number : heard->numbers) echoes_.echoed(number, heard->from);
    }
    wake_known();
  }
}

// A datagram that does not get away, or gets lost, costs its sender one lease.
void coherence::send_echoes() {
  for (const auto& [address, e] : to_echo_) {
    const auto to = endpoint_of(address);
    if (!to || !echo_socket_.is_open()) continue;
    const auto bytes = bytes_of(e);
    ::sendto(echo_socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
             to->data(), static_cast<socklen_t>(to->size()));
  }
  to_echo_.clear();
}

// ---- writes
// --------------------------------------------------------------------------------------------------

task<> coherence::until_known(std::uint64_t number) {
  echoes_.committed(number, clock::now());
  if (!echoes_.is_known(number)) {
    one_shot done;
    waiting_[number] = &done;
    if (!std::exchange(ticking_, true))
      asio::co_spawn(loop_, tick(), asio::detached);  // runs at once, and as long as somebody waits
    co_await done.wait();
  }
  echoes_.forget(number);
}

void coherence::wake_known() {
  for (const auto number : echoes_.take_known()) {
    const auto found = waiting_.find(number);
    if (found == waiting_.end()) continue;  // not yet committed as far as its writer knows
    auto* const done = found->second;
    waiting_.erase(found);
    done->set();
  }
}

task<> coherence::tick() {
  while (!waiting_.empty() && !stopping_) {
    tick_.expires_after(lease / 10);
    const auto [cancelled] = co_await tick_.async_wait(no_throw);
    if (cancelled) break;
    auto silent = echoes_.tick(clock::now());
    wake_known();
    if (!silent.empty() && !std::exchange(evicting_, true))
      asio::co_spawn(loop_, evict(std::move(silent)), asio::detached);  // a statement each
  }
  ticking_ = false;
}

// Who is silent meanwhile is named again.
task<> coherence::evict(std::vector<worker_id> silent) {
  for (const auto worker : silent) {
    auto with = one_id(worker);
    const auto gone = co_await database_.run(index_of(statement::evict_worker), std::move(with));
    const bool failed_before = std::exchange(evictions_fail_, !gone);
    if (gone)
      log::warning(
          "a worker says nothing and was taken out of the cache's circle; if it still runs, let UDP pass "
          "between the workers worker={:x}",
          worker);
    else if (!failed_before)
      log::warning(
          "a worker says nothing and could not be taken out of the cache's circle: each write waits for it "
          "until the database answers worker={:x}",
          worker);
  }
  evicting_ = false;
}

// ---- membership
// ----------------------------------------------------------------------------------------------

// Learns who is there; then, with a cache, adds this worker, and without one says that it is none of them.
// From then on writes wait for its echo, so from then on it may keep answers.
task<> coherence::join(std::uint64_t session) {
  const auto is_over = [&] { return session != session_ || stopping_; };
  for (;;) {
    if (rejoin_pause_ > rejoin_pause_.zero()) {
      pause_.expires_after(rejoin_pause_);
      const auto [cancelled] = co_await pause_.async_wait(no_throw);
      if (cancelled || is_over()) co_return;
    }
    const auto members = co_await database_.run(index_of(statement::workers), {});
    if (is_over()) co_return;
    if (members) {
      meet(*members);
      auto with = one_id(self_);
      asked_to_join_ = cache_.is_on();
      const auto what = asked_to_join_ ? statement::worker_joins : statement::worker_leaves;
      const auto told = co_await database_.run(index_of(what), std::move(with));
      if (is_over()) co_return;
      if (told) break;
    }
    pause_longer();
  }
  // Who was taken out before we looked is unknown to us. With our announcement PostgreSQL has signalled
  // whoever was behind: a lease later all of them have heard that they were taken out, or have no lease any
  // more.
  settled_.expires_after(lease + lease_margin);
  const auto [cancelled] = co_await settled_.async_wait(no_throw);
  if (!cancelled && !is_over()) echoes_.nobody_else_is();
}

// This worker's own announcement is back: others wait for its echo from now on, and the channel works. Behind
// a pooler that does not carry LISTEN it never comes, and nothing is kept.
void coherence::become_member() {
  cache_.forget_all();  // queries sent before now may have missed a write that did not wait for us
  is_member_ = true;
  joined_at_ = clock::now();
}

void coherence::meet(const db::answer& members) {
  std::vector<worker_id> ids;
  ids.reserve(static_cast<std::size_t>(members.size()));
  for (int row = 0; row < members.size(); ++row) ids.push_back(static_cast<worker_id>(members.int8(row, 0)));
  echoes_.members_are(ids);
}

void coherence::pause_longer() {
  rejoin_pause_ = std::clamp(rejoin_pause_ * 2, rejoin_pause_min, rejoin_pause_max);
}

// Whoever is put out again and again, because no datagram of its arrives, does not cost the others a lease
// each time.
void coherence::rejoin_after_eviction() {
  if (clock::now() - joined_at_ > 2 * rejoin_pause_max) rejoin_pause_ = rejoin_pause_.zero();
  pause_longer();
  log::warning(
      "another worker heard nothing from this one and took it out of the cache's circle; it joins again: do "
      "its "
      "datagrams arrive? pause_ms={}",
      rejoin_pause_.count());
  leave_cache();
  asio::co_spawn(loop_, join(session_), asio::detached);  // ends with the session
}

}  // namespace atelier::api
