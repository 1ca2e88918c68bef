#include "app/stack/supervisor.hpp"

#include "core/log.hpp"

#include <poll.h>

namespace atelier::stack {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr int hopeless_deaths = 3;  // in a row, before everything has answered once

}  // namespace

result<> supervisor::add(std::vector<member> members) {
  ++stages_;
  for (auto& what : members) {
    auto started = child::start(what.how);
    if (!started) return started.error();
    all_.push_back({std::move(what), stages_, std::move(*started), clock::now(), {}});
  }
  return {};
}

void supervisor::look_after(running& one) {
  const auto now = clock::now();
  if (one.process) {
    const auto end = one.process->ended();
    if (!end) return;
    one.plan = after_death(one.plan, std::chrono::duration_cast<std::chrono::milliseconds>(now - one.since));
    one.process.reset();
    one.since = now + one.plan.pause;
    log::warning("{} {}; it is started again in {} ms", one.what.name, to_string(*end),
                 one.plan.pause.count());
  }
  if (one.since > now) return;
  if (auto started = child::start(one.what.how)) {
    one.process.emplace(std::move(*started));
    one.since = now;
  } else {
    one.plan = after_death(one.plan, 0ms);
    one.since = now + one.plan.pause;
    log::error("{}", started.error().what);
  }
}

void supervisor::wait_for_news(std::chrono::milliseconds at_most) {
  std::vector<pollfd> watched{{stop_.descriptor(), POLLIN, 0}};
  auto until = clock::now() + at_most;
  for (const auto& one : all_) {
    if (one.process)
      watched.push_back({one.process->descriptor(), POLLIN, 0});
    else
      until = std::min(until, one.since);
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
  poll(watched.data(), watched.size(), static_cast<int>(std::max<long>(left.count(), 0)));
}

const supervisor::running* supervisor::hopeless() const {
  for (const auto& one : all_)
    if (one.plan.deaths_in_a_row >= hopeless_deaths) return &one;
  return nullptr;
}

result<> supervisor::run_until(const std::function<bool()>& is_reached, std::chrono::milliseconds at_most,
                               std::string_view waiting_for) {
  const auto deadline = clock::now() + at_most;
  while (!is_reached()) {
    if (stop_.arrived() > 0) return asked_to_stop();
    if (const auto* one = hopeless())
      return fail("{} ends again and again; its own words above tell what to mend", one->what.name);
    if (clock::now() >= deadline)
      return fail("waited {} s in vain for {}: their own words above tell what to mend",
                  std::chrono::duration_cast<std::chrono::seconds>(at_most).count(), waiting_for);
    wait_for_news(50ms);
    for (auto& one : all_) look_after(one);
  }
  return {};
}

void supervisor::run() {
  while (stop_.arrived() == 0) {
    wait_for_news(1h);
    for (auto& one : all_) look_after(one);
  }
}

void supervisor::stop_stage(int stage) {
  const auto runs = [&](running& one) { return one.stage == stage && one.process && !one.process->ended(); };
  const auto started = clock::now();
  for (auto& one : all_)
    if (runs(one)) one.process->signal(one.what.stop_with);
  for (auto& one : all_) {
    while (runs(one) && clock::now() < started + one.what.grace && stop_.arrived() < 2) {
      pollfd watched[] = {{one.process->descriptor(), POLLIN, 0}, {stop_.descriptor(), POLLIN, 0}};
      poll(watched, 2, 50);
    }
    if (!runs(one)) continue;
    log::warning("{} does not stop in time and is ended", one.what.name);
    one.process->signal(one.what.hurry_with);
    one.process->wait(3s);
  }
}

void supervisor::stop_all() {
  for (; stages_ > 0; --stages_) {
    stop_stage(stages_);
    all_.remove_if(
        [&](const running& one) { return one.stage == stages_; });  // what still runs is killed here
  }
}

}  // namespace atelier::stack
