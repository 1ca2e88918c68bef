#include "app/api/cache.hpp"

#include "core/int128.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace atelier::api {

answer_cache::answer_cache(std::size_t bytes_max) : bytes_max_(bytes_max) {
  if (is_on()) chains_.resize(std::bit_ceil(2 + bytes_max / bytes_a_bucket));
}

answer_cache::entry_number& answer_cache::chain_of(const topic& t) {
  // The upper bits: they are the better ones of a multiplied hash.
  return chains_[topic_hash()(t) >> (64 - std::countr_zero(chains_.size()))];
}

const finished_answer* answer_cache::find(const lookup& what) {
  if (!is_on()) return nullptr;
  for (auto n = chain_of(topic_of(what)); n; n = at(n).next) {
    auto& found = at(n);
    if (found.what != what) continue;
    found.used_at = ++uses_;
    if (found.uses < uses_max) ++found.uses;
    return found.answer.get();
  }
  return nullptr;
}

shared_flight answer_cache::under_way(const lookup& what) const {
  const auto [begin, end] = flights_.equal_range(topic_of(what));
  const auto found = std::find_if(begin, end, [&](const auto& one) { return one.second->what == what; });
  return found == end ? nullptr : found->second;
}

shared_flight answer_cache::take_off(const lookup& what) {
  auto one = std::make_shared<flight>(what);
  flights_.emplace(topic_of(what), one);
  return one;
}

void answer_cache::land(const shared_flight& back, answer_or<shared_answer> result) {
  back->result = std::move(result);
  if (!back->overtaken) {
    const auto [begin, end] = flights_.equal_range(topic_of(back->what));
    flights_.erase(std::find_if(begin, end, [&](const auto& one) { return one.second == back; }));
    if (back->result) keep(back->what, *back->result);
  }
  const auto waiting = std::move(back->waiting);
  for (auto* one : waiting) one->set();
}

void answer_cache::keep(const lookup& what, const shared_answer& answer) {
  const auto bytes = answer->heap_bytes() + sizeof(entry);
  if (bytes > std::min<std::size_t>(bytes_max_ / share_of_one_max, std::numeric_limits<std::uint32_t>::max()))
    return;
  make_room_in(topic_of(what));
  auto& first = chain_of(topic_of(what));
  entries_.push_back({what, answer, ++uses_, static_cast<std::uint32_t>(bytes), first, 1});
  first = static_cast<entry_number>(entries_.size());
  bytes_ += bytes;
  make_room();
}

// What its room is good for, were it to be used on as it was: uses, by the time since the last one and by
// bytes.
double answer_cache::worth(const entry& of) const {
  const auto unused = static_cast<double>(uses_ - of.used_at);
  return of.uses / ((unused + 1) * of.bytes);
}

// `one` may be none.
answer_cache::entry_number answer_cache::worse_of(entry_number one, entry_number other) {
  return !one || worth(at(other)) < worth(at(one)) ? other : one;
}

void answer_cache::make_room_in(const topic& of) {
  std::size_t kept = 0;
  entry_number worst = 0;
  for (auto n = chain_of(of); n; n = at(n).next) {
    if (topic_of(at(n).what) != of) continue;
    ++kept;
    worst = worse_of(worst, n);
  }
  if (kept < entries_a_topic_max) return;
  remove(worst);
  ++counters_.evicted;
}

answer_cache::entry_number& answer_cache::link_to(entry_number n) {
  auto* link = &chain_of(topic_of(at(n).what));
  while (*link != n) link = &at(*link).next;
  return *link;
}

void answer_cache::remove(entry_number n) {
  bytes_ -= at(n).bytes;
  link_to(n) = at(n).next;
  const auto last = static_cast<entry_number>(entries_.size());
  if (n != last) {  // it takes the place
    link_to(last) = n;
    at(n) = std::move(at(last));
  }
  entries_.pop_back();
}

// The worst of a few, as Redis does it (redis.io, "Key eviction"): all in order would cost each hit the
// writing of three neighbours. The samples are a step of the golden ratio apart, which spreads them evenly
// (Knuth, The Art of Computer Programming, volume 3, 6.4).
void answer_cache::make_room() {
  while (bytes_ + chains_.size() * sizeof(entry_number) > bytes_max_ && !entries_.empty()) {
    entry_number worst = 0;
    for (unsigned i = 0; i < samples; ++i) {
      sampled_ += 0x9e3779b97f4a7c15;
      const auto place = static_cast<int128>(sampled_) * entries_.size() >> 64;
      worst = worse_of(worst, static_cast<entry_number>(place) + 1);
    }
    remove(worst);
    ++counters_.evicted;
  }
}

void answer_cache::forget(const topic& changed) {
  const auto [begin, end] = flights_.equal_range(changed);
  std::for_each(begin, end, [](const auto& one) { one.second->overtaken = true; });
  flights_.erase(begin, end);
  if (!is_on()) return;
  for (auto n = chain_of(changed); n;) {
    if (topic_of(at(n).what) != changed) {
      n = at(n).next;
      continue;
    }
    remove(n);
    ++counters_.dropped;
    n = chain_of(changed);  // what is behind may have moved
  }
}

void answer_cache::forget_all() {
  for (auto& [of, one] : flights_) one->overtaken = true;
  flights_.clear();
  counters_.dropped += entries_.size();
  entries_.clear();
  std::fill(chains_.begin(), chains_.end(), 0);
  bytes_ = 0;
}

}  // namespace atelier::api
