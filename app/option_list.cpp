#include "app/option_list.hpp"

#include "app/option_types.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

namespace atelier::app {
namespace {

std::string name_of(const CLI::Option& option) {
  return option.get_lnames().empty() ? option.get_name() : "--" + option.get_lnames().front();
}

std::vector<std::string> names_of(const std::set<CLI::Option*>& options) {
  std::vector<std::string> names;
  names.reserve(options.size());
  for (const auto* one : options) names.push_back(name_of(*one));
  std::sort(names.begin(), names.end());
  return names;
}

command_facts facts_below(std::vector<std::string> path, const CLI::App& command) {
  command_facts facts{std::move(path), command.get_description(), {}, {}};
  for (const auto* option : command.get_options())
    if (option->get_name() != "--help") facts.options.push_back(facts_of(*option));
  for (const auto* inner : command.get_subcommands({})) {
    auto inner_path = facts.path;
    inner_path.push_back(inner->get_name());
    facts.commands.push_back(facts_below(std::move(inner_path), *inner));
  }
  return facts;
}

}  // namespace

std::vector<std::string> option_facts::choices() const {
  std::vector<std::string> words;
  const bool literal = std::all_of(value.begin(), value.end(), [](unsigned char c) {
    return std::islower(c) || std::isdigit(c) || c == '-' || c == '|';
  });
  if (!literal || value.empty()) return words;
  std::string_view rest = value;
  for (auto bar = rest.find('|');; bar = rest.find('|')) {
    words.emplace_back(rest.substr(0, bar));
    if (bar == rest.npos) return words;
    rest.remove_prefix(bar + 1);
  }
}

std::string option_facts::sentence() const {
  std::vector<std::string> more;
  if (required) more.emplace_back("required");
  if (repeats && named) more.emplace_back("repeatable");
  if (!bounds.empty()) more.push_back(bounds);
  if (!standard.empty()) more.push_back("default: " + standard);
  if (!needs.empty()) more.push_back(fmt::format("needs {}", fmt::join(needs, ", ")));
  if (!excludes.empty()) more.push_back(fmt::format("not with {}", fmt::join(excludes, ", ")));
  return more.empty() ? about : fmt::format("{} ({})", about, fmt::join(more, "; "));
}

std::string command_facts::words() const {
  return path.empty() ? "atelier" : fmt::format("atelier {}", fmt::join(path, " "));
}

option_facts facts_of(const CLI::Option& option) {
  option_facts facts;
  facts.name = name_of(option);
  facts.named = option.nonpositional();
  const bool has_value = option.get_items_expected_max() > 0;
  if (facts.named && has_value) facts.value = option.get_type_name();
  if (const auto at = facts.value.find(bounds_mark); at != facts.value.npos) {
    facts.bounds = facts.value.substr(at + 1);
    facts.value.erase(at);
  }
  if (has_value) facts.standard = option.get_default_str();
  facts.about = option.get_description();
  facts.required = option.get_required();
  facts.repeats = option.get_items_expected_max() > 1;
  facts.needs = names_of(option.get_needs());
  facts.excludes = names_of(option.get_excludes());
  return facts;
}

command_facts facts_of(const CLI::App& program) { return facts_below({}, program); }

}  // namespace atelier::app
