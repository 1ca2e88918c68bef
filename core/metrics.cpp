#include "core/metrics.hpp"

#include <prometheus/text_serializer.h>

#include <limits>

namespace atelier {

prometheus::ClientMetric& metrics_page::add(const std::string& name, const std::string& help,
                                            prometheus::MetricType type, const labels& with) {
  if (families_.empty() || families_.back().name != name) families_.push_back({name, help, type, {}});
  auto& metric = families_.back().metric.emplace_back();
  for (const auto& [key, value] : with) metric.label.push_back({key, value});
  return metric;
}

metrics_page& metrics_page::counter(const std::string& name, const std::string& help, double value,
                                    const labels& with) {
  add(name, help, prometheus::MetricType::Counter, with).counter.value = value;
  return *this;
}

metrics_page& metrics_page::gauge(const std::string& name, const std::string& help, double value,
                                  const labels& with) {
  add(name, help, prometheus::MetricType::Gauge, with).gauge.value = value;
  return *this;
}

metrics_page& metrics_page::times(const std::string& name, const std::string& help, const histogram& value,
                                  const labels& with) {
  auto& out = add(name, help, prometheus::MetricType::Histogram, with).histogram;
  for (std::size_t i = 0; i <= histogram::bounded_buckets; ++i) {
    out.sample_count += value.count(i);
    const double bound = i < histogram::bounded_buckets ? histogram::bound_seconds(i)
                                                        : std::numeric_limits<double>::infinity();
    out.bucket.push_back({out.sample_count, bound});
  }
  out.sample_sum = std::chrono::duration<double>(value.sum()).count();
  return *this;
}

std::string metrics_page::text() const { return prometheus::TextSerializer().Serialize(families_); }

}  // namespace atelier
