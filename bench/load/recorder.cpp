#include "bench/load/recorder.hpp"

#include <numeric>

namespace atelier::bench {

std::string_view to_string(fault f) {
  switch (f) {
    case fault::none:
      return "none";
    case fault::connect:
      return "no connection";
    case fault::lost:
      return "connection lost";
    case fault::timed_out:
      return "timed out";
    case fault::bad_answer:
      return "no HTTP";
    case fault::status:
      return "unexpected status";
    case fault::header:
      return "unexpected header";
    case fault::body:
      return "unexpected body";
    case fault::not_started:
      return "not started";
  }
  return "";
}

std::uint64_t tally::failed() const {
  return std::accumulate(faults.begin(), faults.end(), std::uint64_t{0});
}

void tally::add(const outcome& o, bool is_in_time) {
  if (o.why == fault::none) {
    latency.record(static_cast<std::uint64_t>((o.ended - o.intended).count()));
    in_time += is_in_time;
  } else {
    ++faults[static_cast<std::size_t>(o.why)];
  }
  if (o.status != 0) ++statuses[o.status];
  bytes += o.bytes;
}

double tally::rate(nanoseconds lasted) const {
  return static_cast<double>(in_time) / std::chrono::duration<double>(lasted).count();
}

recorder::recorder(std::size_t kinds) : kinds_(kinds) {}

void recorder::started(nanoseconds intended) {
  if (intended.count() >= 0) ++started_;
}

void recorder::ended(const outcome& o) {
  if (o.intended.count() < 0) return;
  whole_.add(o, !is_over_);
  kinds_[o.kind].add(o, !is_over_);
  stretch_.add(o, !is_over_);
}

const moment& recorder::close_moment(nanoseconds now, std::size_t in_flight, std::size_t waiting) {
  const double length = std::chrono::duration<double>(now - stretch_begin_).count();
  const auto& l = stretch_.latency;
  const auto ms = [&](double share) { return static_cast<double>(l.at(share)) / 1e6; };
  moments_.push_back({.at = std::chrono::duration<double>(now).count(),
                      .rate = static_cast<double>(l.count()) / length,
                      .offered = static_cast<double>(started_ - started_before_) / length,
                      .p50 = ms(0.5),
                      .p90 = ms(0.9),
                      .p99 = ms(0.99),
                      .p999 = ms(0.999),
                      .greatest = static_cast<double>(l.greatest()) / 1e6,
                      .faults = stretch_.faults,
                      .in_flight = in_flight,
                      .waiting = waiting});
  stretch_ = {};
  started_before_ = started_;
  stretch_begin_ = now;
  return moments_.back();
}

}  // namespace atelier::bench
