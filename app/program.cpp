#include "app/program.hpp"

#include "app/complaint.hpp"
#include "app/help.hpp"
#include "core/log.hpp"
#include "core/options.hpp"
#include "core/version.hpp"

#include <CLI/CLI.hpp>
#include <fmt/ranges.h>

#include <cstdio>
#include <filesystem>

namespace atelier::app {
namespace {

constexpr auto about =
    "Serves, balances and loads the reviews and questions of a shop.\n"
    "`up` runs everything on this machine, the other roles run one by one.";
constexpr auto about_options =
    "Every option of a role may also be given as ATELIER_ROLE_OPTION or ATELIER_OPTION in the environment\n"
    "(--db-connections as ATELIER_API_DB_CONNECTIONS), or in a TOML file named by --config, in the role's "
    "section.\n"
    "The command line wins over the environment, the environment over the file.";

std::vector<std::string> given_words;  // of run_program(), for read_again()

struct chosen_role {
  CLI::App* command;                   // null: no role was named
  std::vector<std::string> path;       // {"etl", "load"}
  std::vector<std::string> arguments;  // what stands behind it
};

std::vector<std::string> option_names(const CLI::App& command, bool lists_only = false) {
  std::vector<std::string> names;
  for (const auto* option : command.get_options()) {
    if (lists_only && option->get_items_expected_max() <= 1) continue;
    for (const auto& name : option->get_lnames())
      if (name != "help" && name != "config") names.push_back(name);
  }
  return names;
}

CLI::App* subcommand(CLI::App& of, const std::string& name) {
  for (auto* command : of.get_subcommands({}))
    if (command->get_name() == name) return command;
  return nullptr;
}

chosen_role find_role(CLI::App& program, const std::vector<std::string>& words) {
  chosen_role role{nullptr, {}, {}};
  CLI::App* at = &program;
  std::size_t used = 0;
  while (used < words.size()) {
    CLI::App* next = subcommand(*at, words[used]);
    if (!next) break;
    role.path.push_back(words[used]);
    role.command = at = next;
    ++used;
  }
  role.arguments.assign(words.begin() + static_cast<long>(used), words.end());
  return role;
}

std::string config_file(const chosen_role& role) {
  for (std::size_t i = 0; i < role.arguments.size(); ++i) {
    const auto& word = role.arguments[i];
    if (word == "--config" && i + 1 < role.arguments.size()) return role.arguments[i + 1];
    if (word.starts_with("--config=")) return word.substr(9);
  }
  auto variable = environment_variable(variable_name(role.path, "config"));
  if (!variable) variable = environment_variable(variable_name({}, "config"));
  return variable.value_or("");
}

// CLI11 would say that something is missing, and not what was there in its place.
std::optional<failure> unknown_command(const CLI::App& within, const chosen_role& role) {
  const auto commands = within.get_subcommands([](const CLI::App*) { return true; });
  const bool asks = !role.arguments.empty() && role.arguments.front().starts_with('-');
  if (commands.empty() || asks) return std::nullopt;
  std::vector<std::string> names;
  names.reserve(commands.size());
  for (const auto* one : commands) names.push_back(one->get_name());
  if (role.arguments.empty())
    return fail_with(exit_code::wrong_usage, "a command is missing: write one of {}", fmt::join(names, ", "));
  return fail_with(exit_code::wrong_usage, "there is no command '{}': write one of {}",
                   role.arguments.front(), fmt::join(names, ", "));
}

result<std::vector<std::string>> complete(CLI::App& program, const std::vector<std::string>& words) {
  const auto role = find_role(program, words);
  if (auto unknown = unknown_command(role.command ? *role.command : program, role))
    return std::move(*unknown);
  if (!role.command || !role.command->get_subcommands({}).empty()) return words;
  const auto known = option_names(*role.command);
  settings file;
  if (const auto name = config_file(role); !name.empty()) {
    std::vector<std::string> roles;
    for (const auto* command : program.get_subcommands({})) roles.push_back(command->get_name());
    std::vector<std::string> of_siblings;
    std::vector<std::string> commands;
    for (const auto* sibling : role.command->get_parent()->get_subcommands({})) {
      commands.push_back(sibling->get_name());
      for (auto& option : option_names(*sibling)) of_siblings.push_back(std::move(option));
    }
    auto read = read_settings(name, role.path, known, of_siblings, roles, commands);
    if (!read) return read.error();
    file = std::move(*read);
  }
  auto arguments = complete_arguments(role.path, role.arguments, known, option_names(*role.command, true),
                                      environment_variable, file);
  arguments.insert(arguments.begin(), role.path.begin(), role.path.end());
  return arguments;
}

// A misspelt variable would else be found only by what does not happen. No error: others may set such names,
// as Kubernetes does for each service.
void warn_of_unknown_variables(CLI::App& program) {
  const auto role = find_role(program, given_words);
  if (!role.command) return;
  auto known = option_names(*role.command);
  known.insert(known.end(), {"config", "admin-token"});  // the token of `lb` is no option: all see arguments
  for (const auto& name : unknown_variables(environment_names(), role.path, known))
    log::warning("{} in the environment is no option and not read; 'atelier {} --help' lists the options",
                 name, fmt::join(role.path, " "));
}

void add_config_option(CLI::App& command) {
  const auto inner = command.get_subcommands({});
  for (auto* one : inner) add_config_option(*one);
  if (inner.empty())
    command.add_option("--config", "Read options from this TOML file, from the section named after the role")
        ->type_name("FILE");
}

int say_usage(const std::string& problem, const std::string& role) {
  std::fprintf(stderr, "atelier: %s\nTry 'atelier%s%s --help'.\n", problem.c_str(), role.empty() ? "" : " ",
               role.c_str());
  return static_cast<int>(exit_code::wrong_usage);
}

std::string role_of(CLI::App& program) {
  std::string role;
  for (const auto& word : find_role(program, given_words).path) role += (role.empty() ? "" : " ") + word;
  return role;
}

// Help and version are exceptions of CLI11, which the caller turns into output.
result<reading> read_words(CLI::App& program) {
  reading what;
  add_roles(program, what.chosen);
  auto arguments = complete(program, given_words);
  if (!arguments) return arguments.error();
  what.arguments = *arguments;
  std::reverse(arguments->begin(), arguments->end());  // CLI11 takes them last first
  program.parse(*arguments);
  return what;
}

}  // namespace

void add_roles(CLI::App& program, action& chosen) {
  program.description(about);
  program.footer(about_options);
  program.name("atelier");
  program.formatter(help_format());  // the subcommands made after it have it too
  program.set_version_flag("--version", std::string("atelier ") + version, "Print the version and exit");
  program.require_subcommand(1);
  add_up(program, chosen);
  add_api(program, chosen);
  add_lb(program, chosen);
  add_etl(program, chosen);
  add_schema(program, chosen);
  for (auto* command : program.get_subcommands({})) add_config_option(*command);
}

result<reading> read_again() {
  CLI::App program;
  try {
    return read_words(program);
  } catch (const CLI::ParseError& e) {
    return fail_with(exit_code::wrong_usage, "{}", complaint_of(e, program));
  }
}

int report(const failure& problem) {
  log::error("{}", problem.what);
  return static_cast<int>(problem.code);
}

int run_program(const std::vector<std::string>& words) {
  given_words = words;
  CLI::App program;
  reading what;
  try {
    auto read = read_words(program);
    if (!read) return say_usage(read.error().what, role_of(program));
    what = std::move(*read);
  } catch (const CLI::CallForHelp& e) {
    return program.exit(e);
  } catch (const CLI::CallForVersion& e) {
    return program.exit(e);
  } catch (const CLI::ParseError& e) {
    return say_usage(complaint_of(e, program), role_of(program));
  }
  warn_of_unknown_variables(program);
  try {
    return what.chosen();
  } catch (const std::filesystem::filesystem_error& e) {
    // A folder that cannot be read or made: the roles ask first where they can, and this says the rest.
    log::error("'{}' cannot be used: {}; check that it is there and that this user may read and write it",
               e.path1().string(), e.code().message());
    return static_cast<int>(exit_code::failed);
  }
}

}  // namespace atelier::app
