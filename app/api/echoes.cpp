#include "app/api/echoes.hpp"

#include <algorithm>
#include <utility>

namespace atelier::api {

void echoes::make_known(std::uint64_t number, commit& c) {
  if (!std::exchange(c.is_known, true)) known_.push_back(number);
}

bool echoes::is_known(std::uint64_t number) const {
  const auto found = commits_.find(number);
  return found == commits_.end() || found->second.is_known;
}

std::vector<std::uint64_t> echoes::take_known() { return std::exchange(known_, {}); }

void echoes::committed(std::uint64_t number, time now) {
  const auto found = commits_.find(number);
  if (found != commits_.end()) found->second.deadline = now + lease + lease_margin;
}

void echoes::announced(std::uint64_t number) {
  const auto found = commits_.find(number);
  if (!members_are_known_ || found == commits_.end() || found->second.is_announced) return;
  auto& c = found->second;
  c.is_announced = true;
  for (const auto& [id, m] : members_)
    if (id != self_ && std::find(c.heard.begin(), c.heard.end(), id) == c.heard.end())
      c.missing.push_back(id);
  if (c.missing.empty()) make_known(number, c);
}

void echoes::echoed(std::uint64_t number, worker_id worker) {
  if (const auto m = members_.find(worker); m != members_.end()) m->second.silent_since = time::max();
  const auto found = commits_.find(number);
  if (found == commits_.end()) return;
  auto& c = found->second;
  if (!c.is_announced)
    c.heard.push_back(worker);
  else if (std::erase(c.missing, worker) > 0 && c.missing.empty())
    make_known(number, c);
}

void echoes::joined(worker_id worker) { members_[worker] = {}; }

void echoes::left(worker_id worker) {
  members_.erase(worker);
  for (auto& [number, c] : commits_)
    if (std::erase(c.missing, worker) > 0 && c.missing.empty()) make_known(number, c);
}

void echoes::evicted(worker_id worker, time now) {
  const auto found = members_.find(worker);
  if (found != members_.end())
    found->second.until = std::min(found->second.until, now + lease + lease_margin);
}

void echoes::restart() {
  members_.clear();
  members_are_known_ = false;
}

void echoes::members_are(const std::vector<worker_id>& members) {
  for (const auto id : members) members_.try_emplace(id);
  members_are_known_ = true;
}

std::vector<worker_id> echoes::tick(time now) {
  std::vector<worker_id> silent;
  for (auto& [number, c] : commits_) {
    if (c.is_known || now < c.deadline) continue;
    make_known(number, c);
    ++whole_leases_waited_;
    for (const auto worker : c.missing) {
      const auto m = members_.find(worker);
      if (m == members_.end() || m->second.until != time::max()) continue;
      // One lost datagram is no reason to evict: only silence for longer than a lease.
      auto& since = m->second.silent_since;
      since = std::min(since, now);
      if (now - since <= lease) continue;
      silent.push_back(worker);
      since = now;  // where that fails, it is named again after another lease of silence
    }
  }
  std::vector<worker_id> gone;
  for (const auto& [id, m] : members_)
    if (now >= m.until) gone.push_back(id);
  for (const auto id : gone) left(id);
  return silent;
}

}  // namespace atelier::api
