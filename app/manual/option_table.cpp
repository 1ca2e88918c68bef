#include "app/manual/option_table.hpp"

#include "core/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace atelier::app {
namespace {

// A bar would end the cell; GitHub's Markdown takes `\|` for one even within code.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string code(std::string_view text) { return text.empty() ? "" : fmt::format("`{}`", cell(text)); }

std::string row(const command_facts& of, const option_facts& o) {
  auto rest = o;
  rest.standard.clear();  // has a column of its own
  const auto spelled = o.named && !o.value.empty() ? o.name + " " + o.value : o.name;
  const auto variable = o.named ? variable_name(of.path, o.name.substr(2)) : "";
  return fmt::format("| {} | {} | {} | {} |\n", code(spelled), code(o.standard), cell(rest.sentence()),
                     code(variable));
}

std::string tables(const command_facts& of) {
  std::string out;
  if (of.commands.empty() && !of.path.empty()) {
    out =
        fmt::format("\n## {}\n\n{}.\n\n| option | default | what | variable |\n|---|---|---|---|\n",
                    of.words(), of.about.ends_with('.') ? of.about.substr(0, of.about.size() - 1) : of.about);
    for (const auto& o : of.options) out += row(of, o);
  }
  for (const auto& inner : of.commands) out += tables(inner);
  return out;
}

}  // namespace

std::string option_tables(const command_facts& program) {
  return "# Options\n\n"
         "Made from the program's own list, as `--help`, the manual pages and the completion are: "
         "`build/debug/atelier-docs "
         "options > docs/options.md`.\n"
         "In a `--config` file an option is a key without its dashes, in the section of its role: `[lb]`, "
         "`[etl.load]`.\n" +
         tables(program);
}

}  // namespace atelier::app
