#include "app/program.hpp"

#include <CLI/CLI.hpp>

namespace atelier::app {

void add_api(CLI::App& program, action& chosen) {
  auto& role = *program.add_subcommand("api", "api");
  role.callback([&chosen] { chosen = [] { return 1; }; });
}

}  // namespace atelier::app
