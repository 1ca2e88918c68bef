// Figures in Prometheus' text form, gathered when somebody asks.
#pragma once

#include "core/histogram.hpp"

#include <prometheus/metric_family.h>

#include <string>
#include <utility>
#include <vector>

namespace atelier {

/// Built anew for each scrape from plain integers of the loop: nothing is registered, locked or kept.
class metrics_page {
 public:
  using labels = std::vector<std::pair<std::string, std::string>>;

  /// Values of one name follow each other; the help is that of the first.
  metrics_page& counter(const std::string& name, const std::string& help, double value,
                        const labels& with = {});
  metrics_page& gauge(const std::string& name, const std::string& help, double value,
                      const labels& with = {});

  metrics_page& times(const std::string& name, const std::string& help, const histogram& value,
                      const labels& with = {});

  std::string text() const;

 private:
  prometheus::ClientMetric& add(const std::string& name, const std::string& help, prometheus::MetricType type,
                                const labels& with);

  std::vector<prometheus::MetricFamily> families_;
};

inline constexpr const char* metrics_type = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace atelier
