#include "app/program.hpp"

#include <CLI/CLI.hpp>

namespace atelier::app {

void add_lb(CLI::App& program, action& chosen) {
  auto& role = *program.add_subcommand("lb", "lb");
  role.callback([&chosen] { chosen = [] { return 1; }; });
}

}  // namespace atelier::app
