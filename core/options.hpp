// One value an option from three places: the command line wins over the environment, the environment over the
// file.
#pragma once

#include "core/result.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace atelier {

/// What a configuration file says for one role: option name without dashes → its values in order.
using settings = std::map<std::string, std::vector<std::string>>;

/// Reads a TOML file: a section a role, `[api]`, `[etl.load]`; keys of `[etl]` hold for each of its commands.
/// `roles` and `commands` (of this role) are the sections that may be there; `known` are the options of the
/// role asked for, `of_siblings` those of the other commands in the same section. Errors: unreadable, not
/// TOML, an unknown section or key, a value that is neither text, number, boolean nor a list of these.
result<settings> read_settings(const std::string& file, const std::vector<std::string>& role,
                               const std::vector<std::string>& known,
                               const std::vector<std::string>& of_siblings,
                               const std::vector<std::string>& roles,
                               const std::vector<std::string>& commands = {});

using environment = std::function<std::optional<std::string>(const std::string& name)>;

/// The value of this process's environment.
std::optional<std::string> environment_variable(const std::string& name);

/// ATELIER_ETL_LOAD_MAX_REJECTS for {"etl", "load"} and "max-rejects"; ATELIER_MAX_REJECTS for no role.
std::string variable_name(const std::vector<std::string>& role, std::string_view option);

/// The names of this process's environment.
std::vector<std::string> environment_names();

/// Of these names, those that look like options of the role and are none: ATELIER_API_LISTN.
std::vector<std::string> unknown_variables(const std::vector<std::string>& names,
                                           const std::vector<std::string>& role,
                                           const std::vector<std::string>& known);

/// The arguments after the role's name, completed by what only the environment or the file say, as
/// `--name=value`. The variable with the role in its name wins over the one without; in a variable, blanks
/// separate the values of an option that may be repeated (`lists`).
std::vector<std::string> complete_arguments(const std::vector<std::string>& role,
                                            const std::vector<std::string>& arguments,
                                            const std::vector<std::string>& known,
                                            const std::vector<std::string>& lists,
                                            const environment& variables, const settings& file);

}  // namespace atelier
