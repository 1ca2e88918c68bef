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
  if (found == commits_.end() || found->second.place != 0) return;
  auto& c = found->second;
  c.place = ++last_place_;
  if (!members_are_known_) return;  // whose echoes it needs is not known: only its lease ends its wait
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
  if (c.place == 0)
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

void echoes::evicted(worker_id worker) {
  const auto found = members_.find(worker);
  if (found != members_.end())
    found->second.evicted_behind = std::min(found->second.evicted_behind, last_place_);
}

void echoes::restart() {
  members_.clear();
  members_are_known_ = false;
}

void echoes::members_are(const std::vector<worker_id>& members) {
  for (const auto id : members) members_.try_emplace(id);
}

void echoes::nobody_else_is() { members_are_known_ = true; }

std::size_t echoes::members() const {
  return static_cast<std::size_t>(std::count_if(
      members_.begin(), members_.end(), [](const auto& one) { return one.second.evicted_behind == never; }));
}

std::vector<worker_id> echoes::tick(time now) {
  std::vector<worker_id> silent;
  std::vector<worker_id> over;
  for (auto& [number, c] : commits_) {
    if (c.is_known || now < c.deadline) continue;
    make_known(number, c);
    bool in_vain = c.place == 0;
    for (const auto worker : c.missing) {
      const auto found = members_.find(worker);
      if (found == members_.end()) continue;
      auto& m = found->second;
      if (m.evicted_behind < c.place) over.push_back(worker);
      if (m.evicted_behind != never) continue;
      in_vain = true;
      // One lost datagram is no reason to evict: only silence for longer than a lease.
      m.silent_since = std::min(m.silent_since, now);
      if (now - m.silent_since <= lease) continue;
      silent.push_back(worker);
      m.silent_since = now;  // where that fails, it is named again after another lease of silence
    }
    whole_leases_waited_ += in_vain;
  }
  for (const auto worker : over) left(worker);
  return silent;
}

}  // namespace atelier::api
