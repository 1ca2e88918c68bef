#include "lb/workers.hpp"

#include "core/log.hpp"
#include "core/lookup.hpp"

#include <xxhash.h>

#include <algorithm>

namespace atelier::lb {
namespace {

// The weight of a worker that has come back grows from a tenth to all of it.
std::uint32_t weight_now(const worker& w, clock::time_point now, std::chrono::milliseconds slow_start) {
  constexpr std::uint32_t whole = load::weight_unit;
  if (now - w.back_since >= slow_start) return w.settings.weight * whole;
  const auto part = w.settings.weight * whole * (now - w.back_since) / slow_start;
  return std::max(w.settings.weight * whole / 10, static_cast<std::uint32_t>(part));
}

}  // namespace

result<std::shared_ptr<worker>> workers::add(const worker_settings& settings, const socket_address& where) {
  for (const auto& w : all_) {
    if (w->settings.where != settings.where) continue;
    if (w->wish != worker::wanted::gone)
      return fail_with(exit_code::wrong_usage, "the worker {} is here already: name it once", w->name);
    w->settings = settings;
    move(*w, where);
    make_ready(*w);
    return w;
  }
  auto added = all_.emplace_back(std::make_shared<worker>(settings, where, rules_));
  added->slot = loads_.size();
  added->number = ++last_number_;
  loads_.emplace_back().identity = XXH3_64bits(added->name.data(), added->name.size());
  refresh();
  return added;
}

worker* workers::find(std::string_view name) const {
  for (const auto& w : all_)
    if (w->name == name && w->wish != worker::wanted::gone) return w.get();
  return nullptr;
}

void workers::say(const worker& w, std::string_view what) const {
  log::info("worker {} worker={} in_flight={}", what, w.name, in_flight(w));
}

void workers::drain(worker& w) {
  w.wish = worker::wanted::drained;
  w.of_wish = {"drained by an operator"};
  w.close_idle();
  say(w, w.of_wish.why);
  refresh();
}

void workers::make_ready(worker& w) {
  w.wish = worker::wanted::serving;
  w.of_wish = {"made ready by an operator"};
  say(w, w.of_wish.why);
  refresh();
}

void workers::remove(worker& w) {
  w.wish = worker::wanted::gone;
  w.of_wish = {"removed by an operator"};
  w.close_idle();
  say(w, w.of_wish.why);
  refresh();
}

void workers::change(worker& w, std::uint32_t weight, std::uint32_t in_flight_max) {
  w.settings.weight = weight;
  w.settings.in_flight_max = in_flight_max;
  refresh();
}

void workers::move(worker& w, const socket_address& where) {
  if (is_same(w.endpoint, where)) return;
  w.move_to(where);
  log::info("worker has another address worker={} address={}", w.name, to_string(where));
}

void workers::refresh() {
  std::size_t candidates = 0;
  std::size_t healthy = 0;
  for (const auto& w : all_) {
    if (w->wish != worker::wanted::serving) continue;
    ++candidates;
    healthy += w->state.usable();
  }
  const bool panic = healthy < candidates && healthy * 100 < candidates * limits_.panic_percent;
  if (panic != in_panic_) {
    if (panic)
      log::warning("too few workers are healthy: all get requests healthy={} workers={}", healthy,
                   candidates);
    else
      log::info("enough workers are healthy again healthy={} workers={}", healthy, candidates);
  }
  in_panic_ = panic;
  const auto now = clock::now();
  for (const auto& w : all_) {
    auto& room = loads_[w->slot];
    room.usable = w->wish == worker::wanted::serving && (panic || w->state.usable());
    room.weight = weight_now(*w, now, limits_.slow_start);
    room.in_flight_max = w->settings.in_flight_max;
  }
  serve_waiting();
}

worker* workers::acquire(std::optional<std::uint64_t> avoid, std::optional<std::uint64_t> key) {
  std::optional<std::size_t> slot;
  if (avoid)
    for (const auto& w : all_)
      if (w->number == *avoid) slot = w->slot;
  auto chosen = key ? pick_for(*key, loads_, limits_.affinity_percent, slot) : std::nullopt;
  if (!chosen) chosen = pick(loads_, slot);
  if (!chosen) return nullptr;
  ++loads_[*chosen].in_flight;
  ++all_[*chosen]->counters.requests;
  return all_[*chosen].get();
}

task<worker*> workers::acquire_later(clock::duration patience, place_in_line& place) {
  if (!any_usable() || waiting_.length() >= limits_.queue_max) co_return nullptr;
  const auto given = co_await waiting_.wait(patience, &place);
  co_return given.value_or(nullptr);
}

void workers::release(worker& w) {
  --loads_[w.slot].in_flight;
  if (!waiting_.empty()) serve_waiting();
}

void workers::serve_waiting() {
  if (!any_usable()) return dismiss_waiting();
  while (!waiting_.empty()) {
    auto* free = acquire(std::nullopt);
    if (!free) return;
    waiting_.give(free);
  }
}

void workers::dismiss_waiting() {
  while (!waiting_.empty()) waiting_.give(nullptr);
}

void workers::apply(worker& w, const health::change& change, std::string_view detail) {
  w.of_state = {detail.empty() ? std::string(change.why) : fmt::format("{}: {}", change.why, detail)};
  log::write(w.state.usable() ? log::level::info : log::level::warning,
             fmt::format("worker is {0} worker={1} from={2} to={0} reason=\"{3}\"", to_string(change.to),
                         w.name, to_string(change.from), w.of_state.why));
  if (!w.state.usable()) {
    w.close_idle();
    w.was_out = true;
    ++w.counters.ejections;
  } else if (w.was_out) {
    w.back_since = clock::now();
  }
  refresh();
}

void workers::probed(worker& w, const probe_answer& answer) {
  const auto change = w.state.probed(answer.good, clock::now());
  if (!change) return;
  apply(w, *change, answer.why_not);
  if (answer.silent && any_usable())
    for (auto& request : w.unanswered) request.worker_is_silent();
}

bool workers::is_last_healthy(const worker& w) const {
  return std::none_of(all_.begin(), all_.end(), [&](const auto& other) {
    return other.get() != &w && other->wish == worker::wanted::serving && other->state.usable();
  });
}

void workers::failed(worker& w, fault how) {
  if (const auto change = w.state.failed(clock::now(), is_last_healthy(w))) apply(w, *change, to_string(how));
}

void workers::answered(worker& w, unsigned status) {
  const bool is_last = status >= 500 && is_last_healthy(w);
  if (const auto change = w.state.answered(status, clock::now(), is_last))
    apply(w, *change, fmt::format("status {}", status));
}

void workers::forget_those_that_left() {
  std::vector<load> kept;
  std::erase_if(all_, [&](const auto& w) {
    w->left = w->wish == worker::wanted::gone && in_flight(*w) == 0;
    if (!w->left) kept.push_back(loads_[w->slot]);
    return w->left;
  });
  if (kept.size() == loads_.size()) return;
  loads_ = std::move(kept);
  for (std::size_t slot = 0; slot < all_.size(); ++slot) all_[slot]->slot = slot;
}

void workers::sweep() {
  const auto oldest = clock::now() - limits_.worker_idle_timeout;
  for (const auto& w : all_) w->sweep(oldest);
  forget_those_that_left();
  refresh();
}

}  // namespace atelier::lb
