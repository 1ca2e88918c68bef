#include "app/manual/bash_completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace atelier::app {
namespace {

// The word under the cursor is what bash splits at `=` too: `--mode=app` comes as three words.
constexpr auto frame = R"sh(# bash completion for atelier(1): made from the program's own list of options.
_atelier() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} path=atelier part
  [[ $word == = ]] && word=
  [[ $before == = ]] && before=${{COMP_WORDS[COMP_CWORD-2]}}
  for part in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$path $part" in
      {commands}) path+=" $part" ;;
    esac
  done
  COMPREPLY=()
  case "$path $before" in
{values}  esac
  case $path in
{options}  esac
  [[ $word == -* ]] && return
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$word")
}}
complete -F _atelier atelier
)sh";

// The line that completes the value of an option; empty: nothing is known of it.
std::string value_action(const option_facts& o) {
  if (const auto choices = o.choices(); !choices.empty())
    return fmt::format("mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$word\")", fmt::join(choices, " "));
  if (o.value == "FILE" || o.value == "SOCKET")
    return "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$word\")";
  if (o.value == "DIR")
    return "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- \"$word\")";
  return ":";
}

struct parts {
  std::vector<std::string> commands;
  std::string values, options;
};

void add(const command_facts& of, parts& p) {
  std::vector<std::string> words;
  bool takes_files = false;
  for (const auto& inner : of.commands) words.push_back(inner.path.back());
  for (const auto& o : of.options) {
    takes_files = takes_files || !o.named;
    if (!o.named) continue;
    words.push_back(o.name);
    if (!o.value.empty())
      p.values += fmt::format("    \"{} {}\") {}; return ;;\n", of.words(), o.name, value_action(o));
  }
  words.emplace_back("--help");
  p.options += fmt::format("    \"{}\") mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$word\"){} ;;\n",
                           of.words(), fmt::join(words, " "), takes_files ? "" : "; return");
  for (const auto& inner : of.commands) {
    p.commands.push_back(fmt::format("\"{}\"", inner.words()));
    add(inner, p);
  }
}

}  // namespace

std::string bash_completion(const command_facts& program) {
  parts p;
  add(program, p);
  return fmt::format(frame, fmt::arg("commands", fmt::join(p.commands, " | ")), fmt::arg("values", p.values),
                     fmt::arg("options", p.options));
}

}  // namespace atelier::app
