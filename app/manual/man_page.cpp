#include "app/manual/man_page.hpp"

#include "core/options.hpp"
#include "core/version.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cctype>

namespace atelier::app {
namespace {

constexpr std::string_view order[] = {"DESCRIPTION", "OPTIONS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT",
                                      "SIGNALS",     "FILES",   "NOTES",    "EXAMPLES",    "SEE ALSO"};

// One character of UTF-8 from the front of the text, as groff_char(7) names it whatever the locale.
std::string take_character(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  unsigned code = size == 1 ? first : first & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size && i < text.size(); ++i)
    code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3fU);
  text.remove_prefix(std::min(size, text.size()));
  if (code == '\\') return "\\e";
  return code < 0x80 ? std::string(1, static_cast<char>(code)) : fmt::format("\\[u{:04X}]", code);
}

// One word as roff reads it; the hyphens of an option's name can be copied.
std::string word(std::string_view text) {
  std::string out;
  bool in_option = false;
  while (!text.empty()) {
    if (text.starts_with("--")) in_option = true;
    const auto one = take_character(text);
    if (in_option && one != "-" && !std::islower(static_cast<unsigned char>(one.front()))) in_option = false;
    out += one == "-" && in_option ? "\\-" : one;
  }
  return out;
}

// Text in lines as short as mandoc likes them, none of which is a request.
std::string roff(std::string_view text, std::size_t columns_max = 78) {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(" \n"), text.size());
    auto next = word(text.substr(0, end));
    if (column > 0 && column + 1 + next.size() > columns_max) {
      out += '\n';
      column = 0;
    }
    if (column > 0) out += ' ';
    if (column == 0 && (next.starts_with('.') || next.starts_with('\''))) next.insert(0, "\\&");
    out += next;
    column += next.size() + 1;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

// For names: every hyphen can be copied.
std::string name(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '-') out += '\\';
    out += c;
  }
  return out;
}

std::string title_of(const command_facts& of) {
  return of.path.empty() ? "atelier" : "atelier-" + of.path.front();
}

// The first line of what it is about, without the full stop that some have.
std::string summary_of(const command_facts& of) {
  auto text = of.about.substr(0, of.about.find('\n'));
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string summary(const command_facts& of) {
  auto text = summary_of(of);
  text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
  return roff(text, std::string::npos);  // what apropos(1) reads is one line
}

std::string synopsis(const command_facts& of) {
  std::string out = fmt::format(".B {}\n", of.words());
  if (!of.commands.empty()) return out + ".I COMMAND\n.RI [ OPTION \" ...]\"\n";
  for (const auto& o : of.options)
    if (o.named && o.required)
      out += fmt::format(".B {}\n.I {}\n{}", name(o.name), word(o.value), o.repeats ? "\\&...\n" : "");
  out += ".RI [ OPTION \" ...]\"\n";
  for (const auto& o : of.options)
    if (!o.named) out += fmt::format(".IR {}{}\n", o.name, o.repeats ? " \" ...\"" : "");
  return out;
}

std::string synopses(const command_facts& of) {
  if (of.path.empty() || of.commands.empty()) return synopsis(of);
  std::string out;
  for (const auto& inner : of.commands) out += (out.empty() ? "" : ".br\n") + synopsis(inner);
  return out;
}

std::string option_entry(const option_facts& o) {
  if (!o.named) return fmt::format(".TP\n.I {}\n{}\n", o.name, roff(o.sentence()));
  if (o.value.empty()) return fmt::format(".TP\n.B {}\n{}\n", name(o.name), roff(o.sentence()));
  return fmt::format(".TP\n.BI {} \" {}\"\n{}\n", name(o.name), word(o.value), roff(o.sentence()));
}

std::string option_entries(const command_facts& of) {
  std::string out;
  for (const auto& o : of.options) out += option_entry(o);
  return out + ".TP\n.B \\-\\-help\nPrint the options and exit\n";
}

// A role with commands has a part for each; of the program, the roles are the commands.
std::string command_entries(const command_facts& of) {
  std::string out;
  for (const auto& inner : of.commands)
    if (of.path.empty())
      out += fmt::format(".TP\n.BR {} (1)\n{}\n", name(title_of(inner)), roff(summary_of(inner)));
    else
      out += fmt::format(".SS {}\n{}.\n{}", inner.words(), roff(summary_of(inner)), option_entries(inner));
  return out;
}

std::string environment(const command_facts& of) {
  const auto& leaf = of.commands.empty() ? of : of.commands.front();
  for (const auto& o : leaf.options)
    if (o.named && !of.path.empty())
      return fmt::format(
          "Each option may be given here too:\n.B {}\nas\n.BR {} ,\nor as\n.B {}\nfor every role that has "
          "it.\n",
          name(o.name), variable_name(leaf.path, o.name.substr(2)), variable_name({}, o.name.substr(2)));
  return {};
}

std::string see_also(const command_facts& program, const command_facts& of) {
  std::vector<std::string> others;
  const auto add = [&](const command_facts& one) {
    if (one.path != of.path) others.push_back(fmt::format(".BR {} (1)", name(title_of(one))));
  };
  add(program);
  for (const auto& role : program.commands) add(role);
  return fmt::format("{}\n", fmt::join(others, ",\n"));
}

std::string generated(const command_facts& program, const command_facts& of, std::string_view section) {
  if (section == "DESCRIPTION") {
    const auto rest = of.about.find('\n');
    return roff(summary_of(of) + '.') + '\n' +
           (rest == of.about.npos ? "" : roff(of.about.substr(rest + 1)) + "\n");
  }
  if (section == "OPTIONS" && (of.commands.empty() || of.path.empty())) return option_entries(of);
  if (section == "COMMANDS") return command_entries(of);
  if (section == "ENVIRONMENT") return environment(of);
  if (section == "SEE ALSO") return see_also(program, of);
  return {};
}

std::string written(const prose& by_hand, std::string_view section) {
  std::string out;
  for (const auto& [title, text] : by_hand)
    if (title == section) out += text;
  return out;
}

}  // namespace

prose read_prose(std::string_view text) {
  prose sections{{"DESCRIPTION", ""}};
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1);
    const auto line = text.substr(0, end + 1);
    text.remove_prefix(end + 1);
    if (line.starts_with(".\\\"")) continue;  // a comment
    if (line.starts_with(".SH "))
      sections.emplace_back(line.substr(4, line.size() - 5), "");
    else
      sections.back().second += line;
  }
  return sections;
}

std::string man_page(const command_facts& program, const command_facts& of, const prose& common,
                     const prose& own, std::string_view date) {
  auto capitals = title_of(of);
  for (auto& c : capitals) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  auto page =
      fmt::format(".TH {} 1 {} \"atelier {}\" \"User Commands\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n{}",
                  name(capitals), date, version, name(title_of(of)), summary(of), synopses(of));
  for (const auto section : order) {
    std::string parts[] = {generated(program, of, section), written(own, section), written(common, section)};
    std::string text;
    for (auto& part : parts) {
      if (!text.empty() && !part.empty() && !part.starts_with('.')) text += ".PP\n";
      text += part;
    }
    if (!text.empty()) page += fmt::format(".SH {}\n{}", section, text);
  }
  return page;
}

}  // namespace atelier::app
