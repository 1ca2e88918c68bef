#include "app/api/cache.hpp"

#include <algorithm>

namespace atelier::api {
namespace {

// What glibc's malloc takes for so many bytes: its own eight, in steps of sixteen, at least 32 (malloc.c,
// "Minimum allocated size").
constexpr std::size_t block(std::size_t bytes) {
  return std::max<std::size_t>(32, (bytes + 8 + 15) / 16 * 16);
}

}  // namespace

finished_answer::finished_answer(std::string_view head, std::string_view etag, std::string_view body)
    : head_size_(static_cast<std::uint32_t>(head.size())),
      etag_at_(static_cast<std::uint32_t>(head.find(etag))),
      etag_size_(static_cast<std::uint16_t>(etag.size())),
      status_(200) {
  text_.reserve(head.size() + body.size());
  text_.append(head).append(body);
}

std::size_t finished_answer::heap_bytes() const {
  constexpr std::size_t counts = 2 * sizeof(void*);  // of std::make_shared
  return block(sizeof(*this) + counts) + block(text_.capacity() + 1);
}

// With its place on a shelf, and the shelf, as if each answer had one of its own.
std::size_t answer_cache::entry::bytes() const {
  using place = std::pair<const topic, shelf>;
  constexpr std::size_t buckets =
      2 * sizeof(void*);  // as many as shelves, twice that when they have just grown
  return answer->heap_bytes() + block(sizeof(*this)) + block(sizeof(void*)) +
         block(sizeof(place) + 2 * sizeof(void*)) + buckets;
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
