#include "core/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <sstream>

namespace atelier {
namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::optional<std::string> text_of(const toml::node& value) {
  if (const auto* text = value.as_string()) return text->get();
  if (const auto* flag = value.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* whole = value.as_integer()) return std::to_string(whole->get());
  if (const auto* real = value.as_floating_point()) return fmt::format("{}", real->get());
  return std::nullopt;
}

std::optional<std::vector<std::string>> values_of(const toml::node& value) {
  std::vector<std::string> all;
  if (const auto* list = value.as_array()) {
    for (const auto& item : *list) {
      auto one = text_of(item);
      if (!one) return std::nullopt;
      all.push_back(std::move(*one));
    }
    return all;
  }
  auto one = text_of(value);
  if (!one) return std::nullopt;
  all.push_back(std::move(*one));
  return all;
}

// True if the command line names the option, as `--name value` or `--name=value`.
bool is_given(const std::vector<std::string>& arguments, std::string_view option) {
  for (const auto& argument : arguments) {
    if (argument == "--") return false;
    const std::string_view word = argument;
    if (!word.starts_with("--") || !word.substr(2).starts_with(option)) continue;
    const auto rest = word.substr(2 + option.size());
    if (rest.empty() || rest.front() == '=') return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

std::string variable_name(const std::vector<std::string>& role, std::string_view option) {
  std::string name = "ATELIER";
  const auto add = [&](std::string_view word) {
    name += '_';
    for (const char c : word)
      name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  };
  for (const auto& word : role) add(word);
  add(option);
  return name;
}

std::vector<std::string> environment_names() {
  std::vector<std::string> names;
  for (char** variable = environ; variable && *variable; ++variable) {
    const std::string_view text = *variable;
    names.emplace_back(text.substr(0, text.find('=')));
  }
  return names;
}

std::vector<std::string> unknown_variables(const std::vector<std::string>& names,
                                           const std::vector<std::string>& role,
                                           const std::vector<std::string>& known) {
  std::vector<std::string> meant;
  meant.reserve(known.size());
  for (const auto& option : known) meant.push_back(variable_name(role, option));
  std::vector<std::string> unknown;
  for (const auto& name : names)
    if (name.starts_with(variable_name(role, "")) && !contains(meant, name)) unknown.push_back(name);
  return unknown;
}

result<settings> read_settings(const std::string& file, const std::vector<std::string>& role,
                               const std::vector<std::string>& known,
                               const std::vector<std::string>& of_siblings,
                               const std::vector<std::string>& roles,
                               const std::vector<std::string>& commands) {
  const auto wrong = [&](const std::string& why) {
    return fail_with(exit_code::wrong_usage, "configuration file '{}': {}", file, why);
  };
  std::error_code none;
  if (std::filesystem::is_directory(file, none)) return wrong("it is a folder; write the path of a file");
  toml::table root;
  try {
    root = toml::parse_file(file);
  } catch (const toml::parse_error& e) {
    if (e.source().begin.line == 0) return wrong("it cannot be read; check its path and its rights");
    std::ostringstream where;
    where << e.source().begin;
    return wrong(fmt::format("{} ({}); mend the line", e.description(), where.str()));
  }
  for (const auto& [name, section] : root) {
    if (!section.is_table())
      return wrong(
          fmt::format("'{}' stands outside a section; write it under [{}]", name.str(), role.front()));
    if (!contains(roles, name.str()))
      return wrong(fmt::format("unknown section [{}]; write one of the roles: {}", name.str(),
                               fmt::join(roles, ", ")));
  }

  settings found;
  const toml::table* section = &root;
  for (std::size_t depth = 0; depth < role.size(); ++depth) {
    const auto* inner = section->get_as<toml::table>(role[depth]);
    if (!inner) break;
    section = inner;
    const bool innermost = depth + 1 == role.size();
    for (const auto& [key, value] : *section) {
      const std::string name(key.str());
      if (value.is_table() && !innermost) {
        if (name == role[depth + 1] || contains(commands, name)) continue;
        return wrong(fmt::format("unknown section [{}.{}]; write one of the commands: {}", role[depth], name,
                                 fmt::join(commands, ", ")));
      }
      if (!contains(known, name)) {
        if (!innermost && contains(of_siblings, name)) continue;
        return wrong(fmt::format("unknown key '{}' in [{}]; `atelier {} --help` lists the options", name,
                                 fmt::join(role.begin(), role.begin() + static_cast<long>(depth) + 1, "."),
                                 fmt::join(role, " ")));
      }
      auto values = values_of(value);
      if (!values)
        return wrong(fmt::format(
            "'{}' is a section or a date; write text, a number, a boolean or a list of these", name));
      found[name] = std::move(*values);
    }
  }
  return found;
}

std::vector<std::string> complete_arguments(const std::vector<std::string>& role,
                                            const std::vector<std::string>& arguments,
                                            const std::vector<std::string>& known,
                                            const std::vector<std::string>& lists,
                                            const environment& variables, const settings& file) {
  std::vector<std::string> complete;
  for (const auto& option : known) {
    if (is_given(arguments, option)) continue;
    const auto add = [&](std::string_view value) {
      complete.push_back(fmt::format("--{}={}", option, value));
    };
    auto variable = variables(variable_name(role, option));
    if (!variable) variable = variables(variable_name({}, option));
    if (variable) {
      if (!contains(lists, option)) {
        add(*variable);
        continue;
      }
      std::istringstream words(*variable);
      for (std::string word; words >> word;) add(word);
    } else if (const auto values = file.find(option); values != file.end()) {
      for (const auto& value : values->second) add(value);
    }
  }
  complete.insert(complete.end(), arguments.begin(), arguments.end());
  return complete;
}

}  // namespace atelier
