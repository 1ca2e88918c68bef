#include "lb/workers.hpp"

#include "core/log.hpp"

namespace atelier::lb {

result<> workers::add(const worker_settings& settings) {
  for (const auto& w : all_)
    if (w->settings.where == settings.where)
      return fail_with(exit_code::wrong_usage, "the worker {} is named twice", w->name);
  const auto endpoint = resolve(settings.where);
  if (!endpoint) return endpoint.error();
  auto& added = *all_.emplace_back(std::make_unique<worker>(settings, *endpoint, rules_));
  added.slot = loads_.size();
  auto& room = loads_.emplace_back();
  room.weight = settings.weight;
  room.in_flight_max = settings.in_flight_max;
  return {};
}

worker* workers::acquire(const worker* avoid) {
  const auto chosen = pick(loads_, avoid ? std::optional(avoid->slot) : std::nullopt);
  if (!chosen) return nullptr;
  ++loads_[*chosen].in_flight;
  ++all_[*chosen]->counters.requests;
  return all_[*chosen].get();
}

task<worker*> workers::acquire_later() {
  if (!any_usable() || waiting_.length() >= limits_.queue_max) co_return nullptr;
  const auto given = co_await waiting_.wait(limits_.queue_timeout);
  co_return given.value_or(nullptr);
}

void workers::release(worker& w) {
  --loads_[w.slot].in_flight;
  if (!waiting_.empty()) serve_waiting();
}

void workers::serve_waiting() {
  if (!any_usable()) return dismiss_waiting();
  while (!waiting_.empty()) {
    auto* free = acquire(nullptr);
    if (!free) return;
    waiting_.give(free);
  }
}

void workers::dismiss_waiting() {
  while (!waiting_.empty()) waiting_.give(nullptr);
}

void workers::apply(worker& w, const health::change& change, std::string_view detail) {
  loads_[w.slot].usable = w.state.usable();
  const auto line =
      fmt::format("worker {} -> {}: {} worker={}{}{}{}", to_string(change.from), to_string(change.to),
                  change.why, w.name, detail.empty() ? "" : " detail=\"", detail, detail.empty() ? "" : "\"");
  log::write(w.state.usable() ? log::level::info : log::level::warning, line);
  if (!w.state.usable()) w.close_idle();
  serve_waiting();
}

void workers::probed(worker& w, const probe_answer& answer) {
  const auto change = w.state.probed(answer.good, clock::now());
  if (!change) return;
  apply(w, *change, answer.why_not);
  if (answer.silent && any_usable())
    for (auto& request : w.unanswered) request.worker_is_silent();
}

void workers::failed(worker& w, fault how) {
  if (const auto change = w.state.failed(clock::now())) apply(w, *change, to_string(how));
}

void workers::sweep() {
  const auto oldest = clock::now() - limits_.worker_idle_timeout;
  for (const auto& w : all_) w->sweep(oldest);
}

}  // namespace atelier::lb
