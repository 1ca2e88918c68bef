#include "bench/load/embedded.hpp"

#include <algorithm>

namespace atelier::bench {

std::optional<std::string_view> embedded(std::string_view name) { return content_of(embedded_files(), name); }

std::vector<std::string> ready_scenarios() {
  constexpr std::string_view ending = ".json";
  std::vector<std::string> all;
  for (const auto& f : embedded_files()) {
    if (f.name.ends_with(ending)) all.emplace_back(f.name.substr(0, f.name.size() - ending.size()));
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace atelier::bench
