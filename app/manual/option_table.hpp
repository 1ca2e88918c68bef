#pragma once

#include "app/option_list.hpp"

#include <string>

namespace atelier::app {

/// docs/options.md: a table a command, of its options, their variables and defaults.
std::string option_tables(const command_facts& program);

}  // namespace atelier::app
