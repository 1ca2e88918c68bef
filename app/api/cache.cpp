#include "app/api/cache.hpp"

#include <algorithm>

namespace atelier::api {

std::size_t answer_cache::entry::bytes() const {
  constexpr std::size_t bookkeeping = 256;  // nodes, pointers and the allocator's own, roughly
  return bookkeeping + answer->etag.size() + answer->head.size() + answer->body.size();
}

const finished_answer* answer_cache::find(const lookup& what) {
  const auto found = shelves_.find(topic_of(what));
  if (found == shelves_.end()) return nullptr;
  for (const auto& one : found->second.entries)
    if (one->what == what) {
      recent_.splice(recent_.begin(), recent_, recent_.iterator_to(*one));
      return one->answer.get();
    }
  return nullptr;
}

shared_flight answer_cache::under_way(const lookup& what) {
  const auto found = shelves_.find(topic_of(what));
  if (found == shelves_.end()) return nullptr;
  for (const auto& one : found->second.flights)
    if (one->what == what) return one;
  return nullptr;
}

shared_flight answer_cache::take_off(const lookup& what) {
  auto one = std::make_shared<flight>(what);
  shelves_[topic_of(what)].flights.push_back(one);
  return one;
}

void answer_cache::land(const shared_flight& back, answer_or<shared_answer> result) {
  back->result = std::move(result);
  if (!back->overtaken) {
    const auto found = shelves_.find(topic_of(back->what));
    std::erase(found->second.flights, back);
    if (back->result) keep(found->second, back->what, *back->result);
    if (found->second.entries.empty() && found->second.flights.empty()) shelves_.erase(found);
    make_room();
  }
  const auto waiting = std::move(back->waiting);
  for (auto* one : waiting) one->set();
}

void answer_cache::keep(shelf& on, const lookup& what, const shared_answer& answer) {
  auto made = std::make_unique<entry>();
  made->what = what;
  made->answer = answer;
  if (made->bytes() > bytes_max_ / share_of_one_max) return;
  if (on.entries.size() >= entries_a_topic_max) {
    remove(on, 0);
    ++counters_.evicted;
  }
  bytes_ += made->bytes();
  recent_.push_front(*made);
  on.entries.push_back(std::move(made));
}

void answer_cache::remove(shelf& from, std::size_t index) {
  const auto at = from.entries.begin() + static_cast<std::ptrdiff_t>(index);
  bytes_ -= (*at)->bytes();
  recent_.erase(recent_.iterator_to(**at));
  from.entries.erase(at);
}

void answer_cache::make_room() {
  while (bytes_ > bytes_max_ && !recent_.empty()) {
    const auto& oldest = recent_.back();
    const auto found = shelves_.find(topic_of(oldest.what));
    auto& entries = found->second.entries;
    const auto at =
        std::find_if(entries.begin(), entries.end(), [&](const auto& one) { return one.get() == &oldest; });
    remove(found->second, static_cast<std::size_t>(at - entries.begin()));
    ++counters_.evicted;
    if (entries.empty() && found->second.flights.empty()) shelves_.erase(found);
  }
}

void answer_cache::forget(const topic& changed) {
  const auto found = shelves_.find(changed);
  if (found == shelves_.end()) return;
  for (const auto& one : found->second.flights) one->overtaken = true;
  counters_.dropped += found->second.entries.size();
  while (!found->second.entries.empty()) remove(found->second, found->second.entries.size() - 1);
  shelves_.erase(found);
}

void answer_cache::forget_all() {
  for (auto& [of, held] : shelves_)
    for (const auto& one : held.flights) one->overtaken = true;
  counters_.dropped += recent_.size();
  recent_.clear();
  shelves_.clear();
  bytes_ = 0;
}

}  // namespace atelier::api
