#include "app/program.hpp"

#include <CLI/CLI.hpp>

namespace atelier::app {

void add_schema(CLI::App& program, action& chosen) {
  auto& role = *program.add_subcommand("schema", "schema");
  role.callback([&chosen] { chosen = [] { return 1; }; });
}

}  // namespace atelier::app
