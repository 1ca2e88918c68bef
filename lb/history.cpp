#include "lb/history.hpp"

#include <numeric>

namespace atelier::lb {
namespace {

bucket_totals totals_of(const histogram& h) {
  bucket_totals out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<total>(h.count(i));
  return out;
}

double time_ms(const bucket_totals& counts, double share) {
  const auto all = std::accumulate(counts.begin(), counts.end(), 0.0);
  double left = all * share;
  for (std::size_t i = 0; i < histogram::bounded_buckets; ++i) {
    const double low = i == 0 ? 0 : histogram::bound_seconds(i - 1);
    if (counts[i] > 0 && left <= counts[i])
      return 1000 * (low + (histogram::bound_seconds(i) - low) * left / counts[i]);
    left -= counts[i];
  }
  return 1000 * histogram::bound_seconds(histogram::bounded_buckets - 1);  // or more: nobody counted further
}

}  // namespace

const moment::of_worker* moment::find(std::uint64_t number) const {
  for (const auto& w : workers)
    if (w.number == number) return &w;
  return nullptr;
}

moment now(const proxy& seen) {
  const auto& shared = seen.shared();
  moment m{.at = std::chrono::system_clock::now(),
           .tick = clock::now(),
           .in_flight = static_cast<std::uint32_t>(shared.in_flight),
           .waiting = static_cast<std::uint32_t>(shared.pool.waiting()),
           .connections = static_cast<std::uint32_t>(seen.connections()),
           .retries = static_cast<total>(shared.count.retries),
           .times = totals_of(shared.count.request_times),
           .workers = {}};
  for (std::size_t i = 0; i < m.answers.size(); ++i)
    m.answers[i] = static_cast<total>(shared.count.answers[i]);
  m.workers.reserve(shared.pool.all().size());
  for (const auto& w : shared.pool.all()) {
    const auto& counted = w->counters;
    const auto errors = std::accumulate(counted.faults.begin(), counted.faults.end(), counted.answers[5]);
    m.workers.push_back(
        {static_cast<std::uint32_t>(w->number), static_cast<std::uint32_t>(shared.pool.in_flight(*w)),
         static_cast<total>(counted.requests), static_cast<total>(errors), totals_of(counted.answer_times)});
  }
  return m;
}

std::optional<percentiles> times_between(const bucket_totals& before, const bucket_totals& after) {
  bucket_totals counts{};
  total all = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) all += counts[i] = after[i] - before[i];
  if (all == 0) return std::nullopt;
  return percentiles{time_ms(counts, 0.5), time_ms(counts, 0.9), time_ms(counts, 0.99)};
}

void history::note(moment m) {
  all_.push_back(std::move(m));
  if (all_.size() > seconds + times_seconds) all_.pop_front();
}

const moment& history::before_times(std::size_t index) const {
  const auto end = first() + index;
  return all_[end - std::min(end, times_seconds)];
}

double history::a_second(std::size_t index, total earlier, total later) const {
  const std::chrono::duration<double> took = at(index).tick - before(index).tick;
  return took.count() > 0 ? total{later - earlier} / took.count() : 0;
}

double history::answers(std::size_t index, unsigned hundred) const {
  return a_second(index, before(index).answers[hundred], at(index).answers[hundred]);
}

double history::retries(std::size_t index) const {
  return a_second(index, before(index).retries, at(index).retries);
}

pace history::whole(std::size_t index) const {
  pace out{.in_flight = at(index).in_flight,
           .times = times_between(before_times(index).times, at(index).times)};
  for (unsigned hundred = 1; hundred < at(index).answers.size(); ++hundred)
    out.requests += answers(index, hundred);
  out.errors = answers(index, 5);
  return out;
}

std::optional<pace> history::of_worker(std::size_t index, std::uint64_t number) const {
  const auto* after = at(index).find(number);
  if (!after) return std::nullopt;
  // One that has just come began with nothing.
  constexpr moment::of_worker nothing;
  const auto* earlier = before(index).find(number);
  const auto* earlier_times = before_times(index).find(number);
  if (!earlier) earlier = &nothing;
  if (!earlier_times) earlier_times = &nothing;
  return pace{.requests = a_second(index, earlier->requests, after->requests),
              .errors = a_second(index, earlier->errors, after->errors),
              .in_flight = after->in_flight,
              .times = times_between(earlier_times->times, after->times)};
}

}  // namespace atelier::lb
