#include "bench/load/load_engine.hpp"

#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace atelier::bench {
namespace {

using namespace std::chrono_literals;

constexpr nanoseconds look_for_timeouts_every = 20ms;
constexpr nanoseconds answers_after_stop = 1s;  // for what is under way, whatever the timeout is

nanoseconds thread_cpu() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::chrono::seconds(t.tv_sec) + nanoseconds(t.tv_nsec);
}

// How long this thread has been ready to run without a core: the second figure of schedstat (proc(5)). 0
// where the kernel does not count it.
nanoseconds thread_waited() {
  std::ifstream file("/proc/thread-self/schedstat");
  nanoseconds::rep ran = 0, waited = 0;
  return file >> ran >> waited ? nanoseconds(waited) : 0ns;
}

}  // namespace

engine::engine(const scenario& what, const run_options& options)
    : what_(what),
      options_(options),
      requests_(what, options.host, options.seed),
      result_{.figures = recorder(what.requests.size()), .examples = {}},
      buffer_(256 * 1024) {
  connections_.reserve(what.connections);
  for (std::size_t i = 0; i < what.connections; ++i) connections_.emplace_back(what.pipeline);
}

engine::~engine() {
  for (auto& c : connections_) {
    if (c.socket >= 0) ::close(c.socket);
  }
  if (epoll_ >= 0) ::close(epoll_);
}

result<run_result> engine::run() {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0)
    return fail("no epoll descriptor: {}; allow more open files (ulimit -n)", std::strerror(errno));
  if (auto made = connect_all(); !made) return made.error();
  begin_ = monotonic() + what_.warm_up + 1ms;
  now_ = monotonic() - begin_;
  end_ = length_of(what_.stages);
  plan_arrivals();
  if (!what_.is_open) {
    for (std::size_t i = 0; i < connections_.size(); ++i) fill(i);
  }
  loop();
  return std::move(result_);
}

void engine::plan_arrivals() {
  if (!what_.is_open) return;
  auto stages = what_.stages;
  if (what_.warm_up.count() > 0)
    stages.insert(stages.begin(),
                  {what_.warm_up, std::max(1.0, stages[0].from), std::max(1.0, stages[0].from)});
  arrivals_.emplace(std::move(stages), what_.pacing, options_.seed);
  next_arrival();
}

void engine::next_arrival() {
  const auto next = arrivals_->next();
  due_ = next ? std::optional(*next - what_.warm_up) : std::nullopt;
}

void engine::loop() {
  nanoseconds next_second = 1s, next_look = now_, cpu_begin{0}, waited_begin{0};
  bool began = false;
  for (;;) {
    now_ = monotonic() - begin_;
    if (!began && now_.count() >= 0) {
      began = true;
      if (options_.at_beginning) options_.at_beginning();
      cpu_begin = thread_cpu();
      waited_begin = thread_waited();
    }
    if (options_.stop && options_.stop->load(std::memory_order_relaxed) && !result_.stopped) {
      result_.stopped = true;
      end_ = std::min(end_, now_);
      abandon_at_ = now_ + answers_after_stop;
      due_.reset();
    }
    if (what_.is_open)
      start_due();
    else
      wake_thinkers();
    flush_dirty();
    if (now_ >= next_look) {
      look_for_timeouts();
      next_look = now_ + look_for_timeouts_every;
    }
    if (began && now_ >= next_second) {
      const auto& m = result_.figures.close_moment(now_, in_flight_, waiting_.size());
      if (options_.each_second) options_.each_second(m);
      next_second += 1s;
    }
    if (now_ >= end_ && result_.lasted.count() == 0) {
      result_.lasted = std::max<nanoseconds>(now_, 1ns);
      result_.own_cpu = began ? thread_cpu() - cpu_begin : 0ns;
      result_.waited = began ? thread_waited() - waited_begin : 0ns;
      result_.figures.load_is_over();
      abandon_at_ = std::min(abandon_at_, now_ + what_.timeout);
    }
    if (now_ >= end_ && is_over()) break;
    wait_for_events(std::min(next_second, next_look));
    flush_dirty();
  }
  give_up_all();
  if (now_ > next_second - 1s + 50ms) result_.figures.close_moment(now_, 0, 0);
}

// Also after the end: what still waits for a connection is to be answered.
bool engine::needs_connections() const { return now_ < end_ || (!waiting_.empty() && !result_.stopped); }

bool engine::is_over() const {
  if (now_ >= abandon_at_ || (result_.stopped && in_flight_ == 0)) return true;
  return in_flight_ == 0 && waiting_.empty() && (!what_.is_open || !due_);
}

void engine::wait_for_events(nanoseconds latest) {
  auto until = latest;
  if (due_) until = std::min(until, *due_);
  if (!thinkers_.empty()) until = std::min(until, thinkers_.top().first);
  const auto pause = std::max<nanoseconds>(until - (monotonic() - begin_), 0ns);
  const timespec limit{static_cast<time_t>(pause.count() / 1'000'000'000),
                       static_cast<long>(pause.count() % 1'000'000'000)};
  epoll_event events[512];
  const int n = epoll_pwait2(epoll_, events, 512, &limit, nullptr);
  if (n <= 0) return;
  now_ = monotonic() - begin_;
  for (int i = 0; i < n; ++i) on_event(events[i].data.u32, events[i].events);
}

result<run_result> run_load(const scenario& what, const run_options& options) {
  return engine(what, options).run();
}

}  // namespace atelier::bench
