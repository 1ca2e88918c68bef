// Files that are in the program.
#pragma once

#include "core/embedded.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace atelier::bench {

/// The ready scenarios and the parts of the report's page.
std::span<const embedded_file> embedded_files();

std::optional<std::string_view> embedded(std::string_view name);

/// Names of the ready scenarios, without ".json", in alphabetical order.
std::vector<std::string> ready_scenarios();

}  // namespace atelier::bench
