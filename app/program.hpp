// From words on the command line to a running role.
#pragma once

#include "core/result.hpp"

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace atelier::app {

/// What a role's options leave behind when the command line has been read: the role itself, ready to run.
/// Returns the exit code.
using action = std::function<int()>;

/// Each adds its subcommands and options to the program, and sets `chosen` when one of them is named on the
/// command line.
void add_api(CLI::App& program, action& chosen);
void add_lb(CLI::App& program, action& chosen);
void add_etl(CLI::App& program, action& chosen);
void add_schema(CLI::App& program, action& chosen);
void add_up(CLI::App& program, action& chosen);

/// Says in the log what failed; returns its exit code.
int report(const failure& problem);

/// All of them, and what every one has: the whole command line of `atelier`.
void add_roles(CLI::App& program, action& chosen);

/// What words on the command line, environment and file say together.
struct reading {
  action chosen;
  std::vector<std::string> arguments;  // all of them, as if they stood on the command line
};

/// Reads the words that run_program() was given once more: the environment and the file may say something
/// else by now. Errors: as for the first time.
result<reading> read_again();

/// Reads the words after the program's name, completes them from the environment and the configuration file,
/// runs the role. Returns the exit code: 2 and a hint on stderr where the words are wrong.
int run_program(const std::vector<std::string>& words);

}  // namespace atelier::app
